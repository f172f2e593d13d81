-- Of the marketplace $1, the seller $2 and the notice $3, or of all where null; by seller.
SELECT
    marketplace, seller_id, seller_name, notice_id, notice_status, listing_id, url, title, brand,
    confidence, price, price_high, currency, price_usd, price_floor_usd, floor_source, price_ratio,
    verdict, rule_id, reasons::text AS reasons, ds AS flagged_ds, first_flagged_ds, flagged_at,
    reviewed_by, reviewed_at, review_note, image_sha256, model_version, rules_version, run_id
FROM warehouse.confirmed_flags
WHERE ($1::text IS NULL OR marketplace = $1)
AND ($2::text IS NULL OR seller_id = $2)
AND ($3::bigint IS NULL OR notice_id = $3)
ORDER BY marketplace, seller_id, listing_id
