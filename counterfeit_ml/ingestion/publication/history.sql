-- What is known of every listing at the end of a day, and how it changed on that day.
-- Tables: today (rows of listings), history_before (rows of listing_history).
WITH now AS (
    SELECT
        listing_id,
        seller_id,
        image_sha256,
        image_phash,
        evidence_sha256,
        evidence_ds,
        {ds: CAST($ds AS DATE), price: price, currency: currency, price_usd: price_usd} AS price,
        md5(CAST(to_json({
            url: url, title: title, description: description, brand: brand_claimed,
            category: category, price: price_text, low: price, high: price_high,
            currency: currency, seller: seller_id, seller_name: seller_name,
            condition: condition, image: image_sha256
        }) AS VARCHAR)) AS fingerprint
    FROM today
)
SELECT
    now.listing_id,
    coalesce(before.first_seen, CAST($ds AS DATE)) AS first_seen,
    CAST($ds AS DATE) AS last_seen,
    true AS active,
    CASE
        WHEN before.listing_id IS NULL THEN [now.price]
        WHEN before.price_changes[-1].price = now.price.price
            AND before.price_changes[-1].currency = now.price.currency THEN before.price_changes
        ELSE list_append(before.price_changes, now.price)
    END AS price_changes,
    now.seller_id,
    now.image_sha256,
    now.image_phash,
    now.fingerprint,
    now.evidence_sha256,
    now.evidence_ds,
    CASE
        WHEN before.listing_id IS NULL THEN 'new'
        WHEN before.fingerprint = now.fingerprint AND before.active THEN 'unchanged'
        ELSE 'changed'
    END AS change
FROM now
LEFT JOIN history_before AS before ON now.listing_id = before.listing_id
UNION ALL
SELECT
    listing_id,
    first_seen,
    last_seen,
    last_seen + $inactive_after_days > CAST($ds AS DATE) AS still_active,
    price_changes,
    seller_id,
    image_sha256,
    image_phash,
    fingerprint,
    evidence_sha256,
    evidence_ds,
    CASE WHEN active AND NOT still_active THEN 'inactive' END AS change
FROM history_before
ANTI JOIN now USING (listing_id)
ORDER BY listing_id
