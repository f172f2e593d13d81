-- What confident listings cost on the days before, each at its last price.
-- Table: earlier (scored listings; a later day's filename is greater).
WITH last AS (
    SELECT
        marketplace,
        listing_id,
        arg_max({'brand': brand, 'usd': price_usd, 'kind': /* category */}, filename) AS row
    FROM earlier
    WHERE confidence > $confidence AND list_contains($brands::VARCHAR[], brand)
    AND isfinite(price_usd) AND price_usd > 0
    GROUP BY marketplace, listing_id
),

slotted AS (
    SELECT
        marketplace,
        row.brand AS brand,
        CASE WHEN list_contains($own_floors::VARCHAR[], concat(row.brand, '/', row.kind)) THEN row.kind END
            AS category,
        row.usd AS usd
    FROM last
)

SELECT
    marketplace,
    brand,
    category,
    count(*)::INTEGER AS listings,
    median(usd) AS median_usd,
    $normal * mad(ln(usd)) AS spread
FROM slotted
GROUP BY marketplace, brand, category
