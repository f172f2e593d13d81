-- The rows of listings of the day.
-- Tables: listings (as drafted), standing.
SELECT * EXCLUDE (seq, page, source)
FROM listings
SEMI JOIN standing USING (seq)
ORDER BY listing_id
