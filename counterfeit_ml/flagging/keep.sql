-- The listings that a rule matches, by the first that does; and some at random, of which `lot` is
-- low, whatever the rules say of them.
CREATE TABLE kept AS
SELECT
    facts.* EXCLUDE (image_sha256, probabilities),
    /* picture */ AS image_sha256,
    /* runners_up */ AS runners_up,
    CASE WHEN allowed THEN NULL /* rules */ END AS position
FROM (
/* facts */
) AS facts
WHERE position IS NOT NULL OR lot <= $highest_lot
