-- Raw records that the day's partition has not got; each content once.
-- Tables: draft_evidence, evidence_before.
CREATE TEMP TABLE added AS
SELECT min(seq) AS seq
FROM draft_evidence
ANTI JOIN evidence_before USING (sha256)
GROUP BY sha256;
