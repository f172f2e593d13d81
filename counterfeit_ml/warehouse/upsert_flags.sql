-- New and changed flags of the day $1, written by the run $2; an equal row is left as it is.
INSERT INTO warehouse.flagged_listings AS flag (
    ds, marketplace, listing_id, verdict, rule_id, reasons, brand, confidence, price, currency,
    price_usd, price_floor_usd, price_ratio, seller_id, condition, title, url, image_sha256,
    first_flagged_ds, model_version, rules_version, run_id
)
SELECT
    $1, marketplace, listing_id, verdict, rule_id, reasons::jsonb, brand, confidence, price,
    currency, price_usd, price_floor_usd, price_ratio, seller_id, condition, title, url,
    image_sha256, $1, model_version, rules_version, $2
FROM staged_flags
ON CONFLICT (ds, marketplace, listing_id) DO UPDATE SET
    verdict = excluded.verdict,
    rule_id = excluded.rule_id,
    reasons = excluded.reasons,
    brand = excluded.brand,
    confidence = excluded.confidence,
    price = excluded.price,
    currency = excluded.currency,
    price_usd = excluded.price_usd,
    price_floor_usd = excluded.price_floor_usd,
    price_ratio = excluded.price_ratio,
    seller_id = excluded.seller_id,
    condition = excluded.condition,
    title = excluded.title,
    url = excluded.url,
    image_sha256 = excluded.image_sha256,
    model_version = excluded.model_version,
    rules_version = excluded.rules_version,
    run_id = excluded.run_id,
    flagged_at = excluded.flagged_at
WHERE (
    flag.verdict, flag.rule_id, flag.reasons, flag.brand, flag.confidence, flag.price,
    flag.currency, flag.price_usd, flag.price_floor_usd, flag.price_ratio, flag.seller_id,
    flag.condition, flag.title, flag.url, flag.image_sha256, flag.model_version,
    flag.rules_version
) IS DISTINCT FROM (
    excluded.verdict, excluded.rule_id, excluded.reasons, excluded.brand, excluded.confidence,
    excluded.price, excluded.currency, excluded.price_usd, excluded.price_floor_usd,
    excluded.price_ratio, excluded.seller_id, excluded.condition, excluded.title, excluded.url,
    excluded.image_sha256, excluded.model_version, excluded.rules_version
)
RETURNING flag.listing_id
