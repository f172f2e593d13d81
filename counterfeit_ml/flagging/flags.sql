-- The listings that a rule decided as flags.
-- Tables: kept, rules (position, rule_id, verdict), pictures, sellers.
WITH shown AS (
    SELECT
        kept.* EXCLUDE (other_sellers),
        pictures.picture_group,
        greatest(coalesce(pictures.sellers, 0) - (kept.seller_id IS NOT NULL)::INTEGER, 0)
            AS other_sellers,
        sellers.listings AS seller_listings
    FROM kept
    LEFT JOIN pictures USING (look)
    LEFT JOIN sellers
        ON kept.marketplace = sellers.marketplace AND kept.seller_id = sellers.seller_id
)

SELECT
    marketplace,
    listing_id,
    verdict,
    rule_id,
    to_json(CASE position /* reasons */ END)::VARCHAR AS reasons,
    brand,
    confidence::DOUBLE AS confidence,
    runners_up,
    /* category */ AS category,
    price,
    price_high,
    currency,
    price_usd,
    price_floor_usd,
    floor_source,
    price_ratio,
    price_retail_ratio,
    seller_id,
    seller_name,
    seller_listings,
    condition,
    title,
    url,
    image_sha256,
    image_phash,
    picture_group,
    other_sellers,
    CASE
        WHEN price_ratio IS NULL THEN coalesce(logo_confidence, 0) / 2
        ELSE coalesce(logo_confidence, 0) * (1 - least(price_ratio, 1))
    END AS risk,
    model_version,
    $rules_version AS rules_version
FROM shown
JOIN rules USING (position)
ORDER BY marketplace, listing_id
