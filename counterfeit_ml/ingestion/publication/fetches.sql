-- What the next run need not fetch again: what this one fetched, and what is recent of before.
-- Tables: fetches (of this run), fetches_before.
SELECT DISTINCT ON (url) *
FROM fetches
UNION ALL
SELECT *
FROM fetches_before
ANTI JOIN fetches USING (url)
WHERE asked >= CAST($ds AS DATE) - $kept_days
ORDER BY url
