-- A sample of the pictures of listings first seen that day, the same each time: the lowest hashes.
-- A hash of the content has nothing to do with what the picture shows, so they are a random sample.
-- Table: day (its listing history, every marketplace).
SELECT DISTINCT image_sha256
FROM day
WHERE first_seen = $first_seen::DATE
ORDER BY image_sha256
LIMIT $at_most
