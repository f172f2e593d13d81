-- Every pHash of the day, and of what was flagged before, as a number.
SELECT DISTINCT try_cast('0x' || image_phash AS UBIGINT) AS phash
FROM (
    SELECT image_phash FROM scored
    UNION ALL
    SELECT image_phash FROM flagged_pictures
)
WHERE length(image_phash) = 16 AND phash IS NOT NULL
