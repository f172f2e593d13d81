-- The listings with the lowest lots, the same ones each time: so that people also see what the model
-- does not flag.
SELECT
    marketplace,
    listing_id,
    brand,
    confidence::DOUBLE AS confidence,
    runners_up,
    price,
    currency,
    price_usd,
    seller_id,
    title,
    url,
    image_sha256,
    model_version
FROM kept
WHERE lot <= $highest_lot AND brand IS NOT NULL AND image_sha256 IS NOT NULL
ORDER BY lot, marketplace, listing_id
LIMIT $rows
