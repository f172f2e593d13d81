-- 90 days of three marketplaces with 600,000 listings, of which 12,000 are flagged each day: 800 of
-- them new, each for 15 days. Three in ten have a picture that other sellers have too.
INSERT INTO warehouse.flagged_listings (
    ds, marketplace, listing_id, verdict, rule_id, reasons, brand, confidence, price, currency,
    price_usd, price_floor_usd, price_ratio, seller_id, condition, title, url, image_sha256,
    first_flagged_ds, model_version, rules_version, run_id, flagged_at, category, seller_name,
    seller_listings, seller_group, price_high, price_retail_ratio, runners_up, floor_source,
    image_phash, picture_group, other_sellers, risk
)
SELECT
    date '2026-01-01' + day AS ds,
    (ARRAY['shop', 'bazaar', 'mall'])[1 + (n + 2) % 3] AS marketplace,
    'L' || n AS listing_id,
    CASE WHEN n % 4 = 0 THEN 'review' ELSE 'counterfeit' END AS verdict,
    (ARRAY['weak_logo', 'origin', 'relisted', 'obfuscated'])[1 + n % 4] AS rule_id,
    jsonb_build_array(
        'logo confidence 0.' || 8900 + n % 1000 || ' > 0.8900',
        'price ' || 10 + n % 90 || '.00 USD < 100 % of the price floor 200.00 USD',
        'the same picture under other sellers'
    ) AS reasons,
    (ARRAY[
        'adidas', 'burberry', 'chanel', 'gucci', 'hermes', 'lv', 'nike', 'prada', 'rolex', 'versace'
    ])[1 + n % 10] AS brand,
    0.89 + n % 1000 / 10000.0 AS confidence,
    10 + n % 90 AS price,
    'EUR' AS currency,
    10 + n % 90 AS price_usd,
    200 AS price_floor_usd,
    (10 + n % 90) / 200.0 AS price_ratio,
    's' || n * 7919 % 3001 AS seller_id,
    CASE WHEN n % 2 = 0 THEN 'new' END AS condition,
    repeat('leather bag, all colours, fast delivery ', 1 + n % 3) || n AS title,
    'https://market.example/item/' || n AS url,
    encode(sha256(('picture ' || n)::bytea), 'hex') AS image_sha256,
    date '2026-01-01' + greatest(0, (n - 11200) / 800) AS first_flagged_ds,
    '7' AS model_version,
    'r' || day / 30 AS rules_version,
    'scheduled__' || day AS run_id,
    timestamptz '2026-01-01 20:00+00' + make_interval(days => day) AS flagged_at,
    (ARRAY['bags', 'shoes', 'watches', NULL])[1 + n % 4] AS category,
    'Seller ' || n * 7919 % 3001 AS seller_name,
    1 + n % 40 AS seller_listings,
    CASE WHEN n % 10 < 3 THEN encode(sha256(('group ' || n / 500)::bytea), 'hex') END AS seller_group,
    NULL AS price_high,
    (10 + n % 90) / 900.0 AS price_retail_ratio,
    '[{"brand": "no_logo", "probability": 0.04}, {"brand": "nike", "probability": 0.02}]' AS runners_up,
    'absolute' AS floor_source,
    right(encode(sha256(('picture ' || n)::bytea), 'hex'), 16) AS image_phash,
    CASE
        WHEN n < 100 THEN 'aa'
        WHEN n % 10 < 3 THEN encode(sha256(('shared ' || n / 30)::bytea), 'hex')
        ELSE encode(sha256(('picture ' || n)::bytea), 'hex')
    END AS picture_group,
    CASE WHEN n % 10 < 3 THEN n % 8 ELSE 0 END AS other_sellers,
    (0.89 + n % 1000 / 10000.0) * (1 - (10 + n % 90) / 200.0) AS risk
FROM generate_series(0, 89) AS day, generate_series(day * 800, day * 800 + 11999) AS n;

-- All that follows from the flags.
INSERT INTO warehouse.flagged_days
SELECT ds, marketplace, 200000, count(*), max(rules_version), '7', max(run_id), max(flagged_at)
FROM warehouse.flagged_listings GROUP BY ds, marketplace;

INSERT INTO warehouse.price_floors
SELECT DISTINCT ON (ds, marketplace, brand, category)
    ds, marketplace, brand, category, 200.0, 'absolute', 5000, 310.0, 80.0, 900.0
FROM warehouse.flagged_listings;

INSERT INTO warehouse.sellers
SELECT marketplace, seller_id, min(ds) FROM warehouse.flagged_listings
GROUP BY marketplace, seller_id;

-- One in four listings was reviewed, on the day on which it was new.
INSERT INTO warehouse.flag_reviews
    (marketplace, listing_id, ds, decision, reviewed_by, image_sha256, rule_id, rules_version, model_version)
SELECT
    marketplace, listing_id, ds,
    (ARRAY['confirmed', 'confirmed', 'dismissed', 'unsure'])[1 + abs(hashtext(listing_id)) % 4],
    'ann', image_sha256, rule_id, rules_version, model_version
FROM warehouse.flagged_listings
WHERE first_flagged_ds = ds AND right(listing_id, 2) < '25';

-- A notice for each of 300 sellers with all that is confirmed of it.
WITH notices AS (
    INSERT INTO warehouse.takedown_notices (marketplace, seller_id, created_by)
    SELECT DISTINCT marketplace, seller_id, 'ann' FROM warehouse.confirmed_flags LIMIT 300
    RETURNING notice_id, marketplace, seller_id
), named AS (
    INSERT INTO warehouse.takedown_notice_listings
    SELECT notices.notice_id, marketplace, listing_id, ds, review_id
    FROM notices JOIN warehouse.confirmed_flags USING (marketplace, seller_id)
)
INSERT INTO warehouse.takedown_notice_events (notice_id, status, changed_by)
SELECT notice_id, status, 'ann' FROM notices, unnest(ARRAY['drafted', 'sent']) AS status;
