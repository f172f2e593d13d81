-- The day's other flags with the same or nearly the same picture; of thousands, some.
SELECT ds, marketplace, listing_id, left(title, 300) AS title, verdict, brand, confidence, price,
    currency, price_ratio, risk, image_sha256, seller_id
FROM (
    SELECT * FROM warehouse.flagged_listings
    WHERE picture_group = %(picture_group)s AND ds = %(ds)s
    AND (marketplace, listing_id) <> (%(marketplace)s, %(listing_id)s)
    LIMIT 1000
) AS flag
ORDER BY risk DESC, marketplace, listing_id
LIMIT 12
