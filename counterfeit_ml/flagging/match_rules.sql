-- Every scored listing against every rule; of the rules that match, the first decides.
-- Tables: scored (one day), brands (brand, price_floor_usd), rules (position, id, ...).
SELECT
    scored.marketplace,
    scored.listing_id,
    rules.verdict,
    rules.id AS rule_id,
    to_json([
        format('logo confidence {:.4f} > {:.4f}', confidence::DOUBLE, logo_confidence_above),
        format(
            'price {:.2f} USD < {:.0f} % of the price floor {:.2f} USD',
            price_usd, 100 * price_ratio_below, price_floor_usd
        )
    ])::VARCHAR AS reasons,
    scored.brand,
    confidence::DOUBLE AS confidence,
    price,
    currency,
    price_usd,
    price_floor_usd,
    price_usd / price_floor_usd AS price_ratio,
    seller_id,
    condition,
    title,
    url,
    image_sha256,
    model_version,
    $rules_version AS rules_version
FROM scored
JOIN brands USING (brand)
JOIN rules
    ON confidence::DOUBLE > logo_confidence_above
    AND price_usd < price_ratio_below * price_floor_usd
QUALIFY row_number() OVER (
    PARTITION BY scored.marketplace, scored.listing_id ORDER BY rules.position
) = 1
ORDER BY scored.marketplace, scored.listing_id
