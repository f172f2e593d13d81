-- A few scored listings at random, the same ones each time: so that people also see what the model
-- does not flag.
SELECT
    marketplace,
    listing_id,
    brand,
    confidence::DOUBLE AS confidence,
    /* runners_up */ AS runners_up,
    price,
    currency,
    price_usd,
    seller_id,
    title,
    url,
    image_sha256,
    model_version
FROM scored
WHERE brand IS NOT NULL AND /* picture */ IS NOT NULL
ORDER BY md5(concat_ws('/', $ds, marketplace, listing_id)), marketplace, listing_id
LIMIT $rows
