-- What the next run need not fetch again: what this one fetched, and what is recent of before.
-- Tables: draft_fetches, fetches_before.
SELECT DISTINCT ON (url) *
FROM draft_fetches
UNION ALL
SELECT *
FROM fetches_before
ANTI JOIN draft_fetches USING (url)
WHERE asked >= CAST($ds AS DATE) - $kept_days
ORDER BY url
