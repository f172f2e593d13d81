-- Whether what came out is what went in, count and keys, and what it holds.
-- Tables: listings (active on one day), scored (the same with their scores).
SELECT
    count(*) AS rows,
    count(*) FILTER (probabilities IS NULL AND error IS NULL) AS without_score,
    (SELECT count(*) FROM listings ANTI JOIN scored USING (marketplace, listing_id)) AS lost,
    count(DISTINCT image_sha256) AS pictures,
    count(DISTINCT image_sha256) FILTER (error IS NOT NULL) AS failed
FROM scored
