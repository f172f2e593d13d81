-- The numbers of the raw records that the day's partition has not got; each content once.
-- Tables: evidence (as drafted), evidence_before.
SELECT min(seq) AS seq
FROM evidence
ANTI JOIN evidence_before USING (sha256)
GROUP BY sha256
ORDER BY seq
