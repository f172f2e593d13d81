-- Of each look in `wanted` the smallest digest, and how many sellers offer it.
CREATE OR REPLACE TABLE pictures AS
SELECT look, min(image_sha256) AS picture_group, count(seller_id) AS sellers
FROM (
    SELECT look, marketplace, seller_id, min(image_sha256) AS image_sha256
    FROM looked
    SEMI JOIN (/* wanted */) USING (look)
    GROUP BY look, marketplace, seller_id
)
GROUP BY look
