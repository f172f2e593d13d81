-- Of each look that was flagged before the first and the last of the listings it was flagged in.
-- Tables: flagged_pictures (of days before), looks, looked.
CREATE TABLE flagged_looks AS
WITH flagged AS (
    SELECT
        image_sha256,
        concat(marketplace, '/', listing_id) AS name,
        coalesce(looks.look, image_phash, image_sha256) AS look
    FROM flagged_pictures
    LEFT JOIN looks ON flagged_pictures.image_phash = looks.phash
),

-- The same picture is the same even where its hash was not kept.
shown AS (
    SELECT DISTINCT image_sha256, look FROM looked SEMI JOIN flagged USING (image_sha256)
)

SELECT look, min(name) AS first_name, max(name) AS last_name
FROM (
    SELECT look, name FROM flagged
    UNION ALL
    SELECT shown.look, flagged.name FROM shown JOIN flagged USING (image_sha256)
)
GROUP BY look
