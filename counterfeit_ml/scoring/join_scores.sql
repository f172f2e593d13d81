-- Every active listing with the scores of its picture; a listing may share its picture.
-- Tables: listings (active on one day), scores (one model, map probabilities).
WITH best AS (
    SELECT
        image_sha256,
        map_keys(probabilities) AS classes,
        map_values(probabilities) AS shares,
        probabilities,
        error
    FROM scores
    SEMI JOIN listings USING (image_sha256)
    -- Two runs at once may have scored a picture both.
    QUALIFY row_number() OVER (PARTITION BY image_sha256) = 1
)
SELECT
    marketplace,
    listing_id,
    url,
    title,
    category,
    price,
    currency,
    price_high,
    price_usd,
    seller_id,
    seller_name,
    condition,
    listings.image_sha256,
    image_phash,
    classes[list_position(shares, list_max(shares))] AS brand,
    list_max(shares) AS confidence,
    probabilities,
    if(
        coalesce(regexp_full_match(listings.image_sha256, $digest), false),
        error,
        'the listing has no picture'
    ) AS error,
    $model_version AS model_version
FROM listings
LEFT JOIN best ON listings.image_sha256 = best.image_sha256
ORDER BY marketplace, listing_id
