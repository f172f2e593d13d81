-- The listings that a rule matches; of several the first decides.
CREATE TABLE decided AS
SELECT facts.*, CASE /* rules */ END AS position
FROM (
/* facts */
) AS facts
WHERE position IS NOT NULL
