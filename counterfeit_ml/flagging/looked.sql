-- The day's listings with what their picture looks like: those with the same look the same.
CREATE VIEW looked AS
SELECT
    scored.*,
    coalesce(looks.look, CASE WHEN length(image_phash) = 16 THEN image_phash END, /* picture */)
        AS look
FROM scored
LEFT JOIN looks ON scored.image_phash = looks.phash
