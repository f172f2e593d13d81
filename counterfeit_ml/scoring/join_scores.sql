-- Every listing of the day with the scores of its picture; a listing may share its picture.
-- Tables: listings (one day), scores (one model, map probabilities).
WITH best AS (
    SELECT
        image_sha256,
        any_value(probabilities) AS probabilities,
        any_value(error) AS error,
        list_reduce(
            map_entries(any_value(probabilities)),
            lambda a, b: CASE WHEN b.value > a.value THEN b ELSE a END
        ) AS top
    FROM scores
    GROUP BY image_sha256
)
SELECT
    listings.marketplace,
    listing_id,
    url,
    title,
    category,
    price,
    currency,
    price_usd,
    seller_id,
    condition,
    listings.image_sha256,
    top.key AS brand,
    top.value AS confidence,
    probabilities,
    error,
    $model_version AS model_version
FROM listings
JOIN best USING (image_sha256)
