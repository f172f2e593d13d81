-- One more day with a million flags of forty marketplaces, which is the latest of each of them; every
-- fiftieth of the riskiest fifth was reviewed, as people work from the top.
INSERT INTO warehouse.flagged_listings (
    ds, marketplace, listing_id, verdict, rule_id, reasons, brand, confidence, runners_up, price,
    currency, price_usd, price_floor_usd, floor_source, price_ratio, seller_id, seller_name, title,
    url, image_sha256, picture_group, other_sellers, risk, first_flagged_ds, model_version,
    rules_version, run_id
)
SELECT
    '2026-04-01', 'market ' || n % 40, 'M' || n,
    CASE WHEN n % 5 = 0 THEN 'review' ELSE 'counterfeit' END,
    -- One in a hundred thousand by a rare rule.
    CASE WHEN n % 100000 = 7 THEN 'rare' ELSE (ARRAY['weak_logo', 'origin', 'relisted', 'obfuscated'])[1 + n % 4] END,
    jsonb_build_array('logo confidence 0.95 > 0.89', 'price 40.00 USD < 100 % of the price floor 200.00 USD'),
    -- Brands from one in two to one in a thousand.
    (ARRAY['nike', 'gucci', 'chanel', 'prada', 'hermes', 'rolex', 'lv', 'adidas', 'versace', 'burberry'])
        [1 + least(9, floor(-log(2, (1 + n * 7919 % 999983) / 999984.0)))],
    0.89 + n % 1000 / 10000.0,
    '[{"brand": "no_logo", "probability": 0.04}, {"brand": "nike", "probability": 0.02}]',
    10 + n % 90, 'USD', 10 + n % 90, 200, 'absolute', (10 + n % 90) / 200.0,
    's' || n * 104729 % 60013, 'Seller ' || n * 104729 % 60013,
    repeat('leather bag, all colours, fast delivery ', 1 + (n % 3)::int) || n,
    'https://market.example/item/' || n,
    encode(sha256(('million ' || n)::bytea), 'hex'),
    encode(sha256(('million group ' || n / (1 + n % 12))::bytea), 'hex'), n % 8,
    (n * 15485863 % 1000003) / 1000003.0,
    '2026-04-01', '7', 'r3', 'bench'
FROM generate_series(1::bigint, 1000000) AS n;

-- All that follows from the flags.
INSERT INTO warehouse.flagged_days
SELECT ds, marketplace, 500000, count(*), 'r3', '7', 'bench', now()
FROM warehouse.flagged_listings WHERE ds = '2026-04-01' GROUP BY ds, marketplace;

INSERT INTO warehouse.flag_reviews
    (marketplace, listing_id, ds, decision, reviewed_by, image_sha256, rule_id, rules_version, model_version)
SELECT
    marketplace, listing_id, ds,
    (ARRAY['confirmed', 'confirmed', 'dismissed', 'unsure'])[1 + length(title) % 4],
    'ann', image_sha256, rule_id, rules_version, model_version
FROM warehouse.flagged_listings
WHERE ds = '2026-04-01' AND (risk > 0.99 OR (risk > 0.8 AND right(listing_id, 2) IN ('00', '50')));
