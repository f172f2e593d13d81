-- How many scored listings each known seller has.
CREATE TABLE sellers AS
SELECT marketplace, seller_id, count(*) AS listings
FROM scored
WHERE seller_id IS NOT NULL
GROUP BY marketplace, seller_id
