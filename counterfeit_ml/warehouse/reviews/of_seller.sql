-- The day's other flags of the same seller; of one with thousands, some.
SELECT ds, marketplace, listing_id, left(title, 300) AS title, verdict, brand, confidence, price,
    currency, price_ratio, risk, image_sha256, seller_id
FROM (
    SELECT * FROM warehouse.flagged_listings
    WHERE marketplace = %(marketplace)s AND seller_id = %(seller_id)s AND ds = %(ds)s
    AND listing_id <> %(listing_id)s
    LIMIT 1000
) AS flag
ORDER BY risk DESC, listing_id
LIMIT 12
