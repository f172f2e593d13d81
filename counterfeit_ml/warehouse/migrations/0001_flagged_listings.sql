-- The warehouse as analysts meet it: flags, reviews and the views to start from.
-- The role bi_reader exists before this runs; it reads everything here and writes nothing.

CREATE TABLE warehouse.flagged_listings (
    ds date NOT NULL,
    marketplace text NOT NULL,
    listing_id text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('counterfeit', 'review')),
    rule_id text NOT NULL,
    reasons jsonb NOT NULL,
    brand text NOT NULL,
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    price double precision NOT NULL,
    currency text NOT NULL,
    price_usd double precision NOT NULL,
    price_floor_usd double precision NOT NULL,
    price_ratio double precision NOT NULL,
    seller_id text,
    condition text,
    title text NOT NULL,
    url text NOT NULL,
    image_sha256 text NOT NULL,
    first_flagged_ds date NOT NULL,
    model_version text NOT NULL,
    rules_version text NOT NULL,
    run_id text NOT NULL,
    flagged_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ds, marketplace, listing_id)
);
CREATE INDEX flagged_listings_listing ON warehouse.flagged_listings (marketplace, listing_id, ds);
CREATE INDEX flagged_listings_seller ON warehouse.flagged_listings (marketplace, seller_id);
CREATE INDEX flagged_listings_brand ON warehouse.flagged_listings (brand, ds);

COMMENT ON TABLE warehouse.flagged_listings IS 'One row per listing and day that a rule flagged. A day is replaced in one transaction; a row that did not change keeps its run_id and flagged_at.';
COMMENT ON COLUMN warehouse.flagged_listings.ds IS 'Day of the listings partition, UTC';
COMMENT ON COLUMN warehouse.flagged_listings.marketplace IS 'Name of the marketplace in config/marketplaces.yaml, or as given to ingestion';
COMMENT ON COLUMN warehouse.flagged_listings.listing_id IS 'The marketplace''s own id of the listing';
COMMENT ON COLUMN warehouse.flagged_listings.verdict IS 'counterfeit: flagged; review: a person should look';
COMMENT ON COLUMN warehouse.flagged_listings.rule_id IS 'The rule of config/rules.yaml that decided, the first that matched';
COMMENT ON COLUMN warehouse.flagged_listings.reasons IS 'Array of sentences: each condition of the rule with the figures that met it';
COMMENT ON COLUMN warehouse.flagged_listings.brand IS 'Brand whose logo the model sees, a key of config/brands.yaml';
COMMENT ON COLUMN warehouse.flagged_listings.confidence IS 'Calibrated probability of brand, 0 to 1';
COMMENT ON COLUMN warehouse.flagged_listings.price IS 'List price in currency; the low end of a range';
COMMENT ON COLUMN warehouse.flagged_listings.currency IS 'ISO 4217 code of price';
COMMENT ON COLUMN warehouse.flagged_listings.price_usd IS 'price in US dollars at the ECB reference rate of the day';
COMMENT ON COLUMN warehouse.flagged_listings.price_floor_usd IS 'Price floor of the brand in US dollars, from config/brands.yaml';
COMMENT ON COLUMN warehouse.flagged_listings.price_ratio IS 'price_usd / price_floor_usd; below 1 is below the floor';
COMMENT ON COLUMN warehouse.flagged_listings.seller_id IS 'The marketplace''s own id of the seller, where known';
COMMENT ON COLUMN warehouse.flagged_listings.condition IS 'new or used, where stated';
COMMENT ON COLUMN warehouse.flagged_listings.title IS 'Title as the seller wrote it, without markup';
COMMENT ON COLUMN warehouse.flagged_listings.url IS 'Page of the listing';
COMMENT ON COLUMN warehouse.flagged_listings.image_sha256 IS 'The picture: images/<first two hex>/<sha256> in the lake';
COMMENT ON COLUMN warehouse.flagged_listings.first_flagged_ds IS 'First day on which this listing was flagged';
COMMENT ON COLUMN warehouse.flagged_listings.model_version IS 'Version of logo-classifier in MLflow that scored the picture';
COMMENT ON COLUMN warehouse.flagged_listings.rules_version IS 'First 12 hex digits of the sha256 of rules.yaml and brands.yaml';
COMMENT ON COLUMN warehouse.flagged_listings.run_id IS 'Airflow run, or command, that wrote this row first';
COMMENT ON COLUMN warehouse.flagged_listings.flagged_at IS 'When this row was first written or last changed';

CREATE TABLE warehouse.flag_reviews (
    review_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    marketplace text NOT NULL,
    listing_id text NOT NULL,
    ds date NOT NULL,
    decision text NOT NULL CHECK (decision IN ('confirmed', 'dismissed', 'unsure')),
    note text,
    reviewed_by text NOT NULL,
    reviewed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX flag_reviews_listing ON warehouse.flag_reviews (marketplace, listing_id, reviewed_at DESC);

COMMENT ON TABLE warehouse.flag_reviews IS 'What people decided about flags: one row per decision, never changed or deleted';
COMMENT ON COLUMN warehouse.flag_reviews.review_id IS 'Running number';
COMMENT ON COLUMN warehouse.flag_reviews.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flag_reviews.listing_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flag_reviews.ds IS 'Day of the flag that was looked at';
COMMENT ON COLUMN warehouse.flag_reviews.decision IS 'confirmed: a counterfeit; dismissed: not one; unsure';
COMMENT ON COLUMN warehouse.flag_reviews.note IS 'The reviewer''s own words';
COMMENT ON COLUMN warehouse.flag_reviews.reviewed_by IS 'Login name of the reviewer';
COMMENT ON COLUMN warehouse.flag_reviews.reviewed_at IS 'When the decision was made';

CREATE VIEW warehouse.current_flags AS
SELECT flag.*, review.decision, review.reviewed_by, review.reviewed_at
FROM warehouse.flagged_listings AS flag
LEFT JOIN LATERAL (
    SELECT decision, reviewed_by, reviewed_at
    FROM warehouse.flag_reviews
    WHERE marketplace = flag.marketplace AND listing_id = flag.listing_id
    ORDER BY reviewed_at DESC, review_id DESC
    LIMIT 1
) AS review ON true
WHERE flag.ds = (
    SELECT max(ds) FROM warehouse.flagged_listings WHERE marketplace = flag.marketplace
);
COMMENT ON VIEW warehouse.current_flags IS 'Start here: the flags of each marketplace''s latest day, with the last review of each';
COMMENT ON COLUMN warehouse.current_flags.ds IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.listing_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.verdict IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.rule_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.reasons IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.brand IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.confidence IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.price IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.currency IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.price_usd IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.price_floor_usd IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.price_ratio IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.seller_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.condition IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.title IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.url IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.image_sha256 IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.first_flagged_ds IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.model_version IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.rules_version IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.run_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.flagged_at IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.current_flags.decision IS 'Last review of the listing: confirmed, dismissed, unsure; null where nobody has looked';
COMMENT ON COLUMN warehouse.current_flags.reviewed_by IS 'Who made that decision';
COMMENT ON COLUMN warehouse.current_flags.reviewed_at IS 'When';

CREATE VIEW warehouse.flags_by_brand_day AS
SELECT
    ds,
    marketplace,
    brand,
    verdict,
    count(*) AS flags,
    count(*) FILTER (WHERE first_flagged_ds = ds) AS new_flags,
    count(DISTINCT seller_id) AS sellers,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY price_ratio) AS median_price_ratio
FROM warehouse.flagged_listings
GROUP BY ds, marketplace, brand, verdict;
COMMENT ON VIEW warehouse.flags_by_brand_day IS 'Flags, new flags and sellers by day, marketplace, brand and verdict';
COMMENT ON COLUMN warehouse.flags_by_brand_day.ds IS 'Day';
COMMENT ON COLUMN warehouse.flags_by_brand_day.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flags_by_brand_day.brand IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flags_by_brand_day.verdict IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flags_by_brand_day.flags IS 'Listings flagged that day';
COMMENT ON COLUMN warehouse.flags_by_brand_day.new_flags IS 'Of these, flagged for the first time';
COMMENT ON COLUMN warehouse.flags_by_brand_day.sellers IS 'Distinct sellers of these';
COMMENT ON COLUMN warehouse.flags_by_brand_day.median_price_ratio IS 'Half of these ask less than this share of the price floor';

CREATE VIEW warehouse.seller_risk AS
SELECT
    marketplace,
    seller_id,
    count(*) AS flagged_listings,
    count(DISTINCT brand) AS brands,
    count(*) FILTER (WHERE decision = 'confirmed') AS confirmed,
    count(*) FILTER (WHERE decision = 'dismissed') AS dismissed,
    min(price_ratio) AS lowest_price_ratio,
    min(first_flagged_ds) AS first_flagged_ds
FROM warehouse.current_flags
WHERE seller_id IS NOT NULL
GROUP BY marketplace, seller_id;
COMMENT ON VIEW warehouse.seller_risk IS 'Sellers by their current flags; confirmed ones weigh most: ORDER BY confirmed DESC, flagged_listings DESC';
COMMENT ON COLUMN warehouse.seller_risk.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.seller_risk.seller_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.seller_risk.flagged_listings IS 'Current flags of the seller';
COMMENT ON COLUMN warehouse.seller_risk.brands IS 'Distinct brands among these';
COMMENT ON COLUMN warehouse.seller_risk.confirmed IS 'Of these, confirmed by a reviewer';
COMMENT ON COLUMN warehouse.seller_risk.dismissed IS 'Of these, dismissed by a reviewer';
COMMENT ON COLUMN warehouse.seller_risk.lowest_price_ratio IS 'The lowest price asked, as a share of the price floor';
COMMENT ON COLUMN warehouse.seller_risk.first_flagged_ds IS 'First day on which one of these was flagged';

CREATE VIEW warehouse.rule_precision AS
SELECT
    rule_id,
    count(*) AS flags,
    count(decision) FILTER (WHERE decision <> 'unsure') AS reviewed,
    count(*) FILTER (WHERE decision = 'confirmed') AS confirmed,
    count(*) FILTER (WHERE decision = 'confirmed')::double precision
        / nullif(count(decision) FILTER (WHERE decision <> 'unsure'), 0) AS precision
FROM warehouse.current_flags
GROUP BY rule_id;
COMMENT ON VIEW warehouse.rule_precision IS 'Share of each rule''s reviewed current flags that people confirmed';
COMMENT ON COLUMN warehouse.rule_precision.rule_id IS 'Rule of config/rules.yaml';
COMMENT ON COLUMN warehouse.rule_precision.flags IS 'Current flags by this rule';
COMMENT ON COLUMN warehouse.rule_precision.reviewed IS 'Of these, confirmed or dismissed';
COMMENT ON COLUMN warehouse.rule_precision.confirmed IS 'Of these, confirmed';
COMMENT ON COLUMN warehouse.rule_precision.precision IS 'confirmed / reviewed; null where none is reviewed';

GRANT USAGE ON SCHEMA warehouse TO bi_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA warehouse TO bi_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA warehouse GRANT SELECT ON TABLES TO bi_reader;
