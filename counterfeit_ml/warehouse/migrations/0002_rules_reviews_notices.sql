-- Rules as data, reviews and takedown notices. Every row of an earlier installation is kept.

DROP VIEW warehouse.rule_precision, warehouse.seller_risk, warehouse.flags_by_brand_day,
    warehouse.current_flags;

-- Flags: what cannot be compared, or could not be scored, is flagged for review all the same.
ALTER TABLE warehouse.flagged_listings
    ADD COLUMN category text,
    ADD COLUMN seller_name text,
    ADD COLUMN seller_listings integer,
    ADD COLUMN seller_group text,
    ADD COLUMN price_high double precision,
    ADD COLUMN price_retail_ratio double precision,
    ADD COLUMN runners_up jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN floor_source text CHECK (floor_source IN ('absolute', 'retail_share', 'learnt')),
    ADD COLUMN image_phash text,
    ADD COLUMN picture_group text,
    ADD COLUMN other_sellers integer NOT NULL DEFAULT 0,
    ADD COLUMN risk double precision NOT NULL DEFAULT 0 CHECK (risk BETWEEN 0 AND 1),
    ALTER COLUMN brand DROP NOT NULL,
    ALTER COLUMN confidence DROP NOT NULL,
    ALTER COLUMN image_sha256 DROP NOT NULL,
    ALTER COLUMN price_floor_usd DROP NOT NULL,
    ALTER COLUMN price_ratio DROP NOT NULL;
UPDATE warehouse.flagged_listings SET
    floor_source = 'absolute',
    picture_group = image_sha256,
    risk = confidence * (1 - least(price_ratio, 1));

COMMENT ON COLUMN warehouse.flagged_listings.brand IS 'Brand whose logo the model sees, a key of config/brands.yaml, or no_logo; null where the picture could not be scored';
COMMENT ON COLUMN warehouse.flagged_listings.confidence IS 'Calibrated probability of brand, 0 to 1; null as brand';
COMMENT ON COLUMN warehouse.flagged_listings.price_floor_usd IS 'Price floor in US dollars that was compared with; null where there is none';
COMMENT ON COLUMN warehouse.flagged_listings.price_ratio IS 'price_usd / price_floor_usd; below 1 is below the floor; null where there is no floor';
COMMENT ON COLUMN warehouse.flagged_listings.image_sha256 IS 'The picture: images/<first two hex>/<sha256> in the lake; null where it has none';
COMMENT ON COLUMN warehouse.flagged_listings.category IS 'Category of config/brands.yaml whose words stand in what the marketplace says, or in the title; null where none do';
COMMENT ON COLUMN warehouse.flagged_listings.seller_name IS 'Seller as shown, where known';
COMMENT ON COLUMN warehouse.flagged_listings.seller_listings IS 'Listings of the seller that were scored that day, flagged or not; null where the seller is unknown';
COMMENT ON COLUMN warehouse.flagged_listings.seller_group IS 'Sellers of the day''s flags that share pictures, directly or through others, have the same: the smallest picture_group of these; null where the seller shares none';
COMMENT ON COLUMN warehouse.flagged_listings.price_high IS 'High end of a price range in currency, else null';
COMMENT ON COLUMN warehouse.flagged_listings.price_retail_ratio IS 'price_usd / the brand''s retail price in US dollars; null where that is not known';
COMMENT ON COLUMN warehouse.flagged_listings.runners_up IS 'Array of {"brand", "probability"}: the next three classes, most probable first';
COMMENT ON COLUMN warehouse.flagged_listings.floor_source IS 'absolute: from config/brands.yaml; retail_share: a share of the retail price; learnt: from the marketplace''s own prices; null where there is no floor';
COMMENT ON COLUMN warehouse.flagged_listings.image_phash IS 'Perceptual hash of the picture: near-duplicates differ in few of 64 bits; null where not known';
COMMENT ON COLUMN warehouse.flagged_listings.picture_group IS 'Pictures that look the same that day have the same: the smallest sha256 of these';
COMMENT ON COLUMN warehouse.flagged_listings.other_sellers IS 'Other sellers that offer the same or nearly the same picture that day, flagged or not';
COMMENT ON COLUMN warehouse.flagged_listings.risk IS '0 to 1, to sort by: confidence * (1 - min(price_ratio, 1)); confidence / 2 where the price cannot be compared';

-- A day is a hundredth of the table. By PostgreSQL's own measure it would wait for weeks to be
-- counted for the planner and marked visible for scans of an index alone.
ALTER TABLE warehouse.flagged_listings SET (
    autovacuum_analyze_scale_factor = 0.005,
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_insert_scale_factor = 0.005
);
DROP INDEX warehouse.flagged_listings_brand;
CREATE INDEX flagged_listings_brand ON warehouse.flagged_listings (ds, marketplace, brand, verdict)
    INCLUDE (first_flagged_ds, seller_id, price_ratio);
DROP INDEX warehouse.flagged_listings_seller;
CREATE INDEX flagged_listings_seller ON warehouse.flagged_listings (marketplace, seller_id, ds);
CREATE INDEX flagged_listings_risk ON warehouse.flagged_listings (ds, risk DESC, marketplace, listing_id);
CREATE INDEX flagged_listings_picture ON warehouse.flagged_listings (picture_group, ds);

CREATE TABLE warehouse.flagged_days (
    ds date NOT NULL,
    marketplace text NOT NULL,
    scored integer,
    flagged integer NOT NULL,
    rules_version text NOT NULL,
    model_version text NOT NULL,
    run_id text NOT NULL,
    flagged_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ds, marketplace)
);
INSERT INTO warehouse.flagged_days
SELECT ds, marketplace, NULL, count(*), max(rules_version), max(model_version), max(run_id), max(flagged_at)
FROM warehouse.flagged_listings
GROUP BY ds, marketplace;
CREATE INDEX flagged_days_marketplace ON warehouse.flagged_days (marketplace, ds);
COMMENT ON TABLE warehouse.flagged_days IS 'One row per day and marketplace that the rules were put over, also where they flagged nothing';
COMMENT ON COLUMN warehouse.flagged_days.ds IS 'Day of the listings partition, UTC';
COMMENT ON COLUMN warehouse.flagged_days.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flagged_days.scored IS 'Listings the rules were put over; null for a day flagged before this was counted';
COMMENT ON COLUMN warehouse.flagged_days.flagged IS 'Of these, flagged';
COMMENT ON COLUMN warehouse.flagged_days.rules_version IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flagged_days.model_version IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.flagged_days.run_id IS 'Airflow run, or command, that put the rules over it last';
COMMENT ON COLUMN warehouse.flagged_days.flagged_at IS 'When that was';

CREATE TABLE warehouse.price_floors (
    ds date NOT NULL,
    marketplace text NOT NULL,
    brand text NOT NULL,
    category text,
    price_floor_usd double precision,
    source text CHECK (source IN ('absolute', 'retail_share', 'learnt')),
    listings integer NOT NULL,
    median_usd double precision,
    spread double precision,
    retail_usd double precision,
    UNIQUE NULLS NOT DISTINCT (ds, marketplace, brand, category)
);
COMMENT ON TABLE warehouse.price_floors IS 'The price floors that decided a day, with the figures behind those that were learnt';
COMMENT ON COLUMN warehouse.price_floors.ds IS 'Day of the listings partition, UTC';
COMMENT ON COLUMN warehouse.price_floors.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.price_floors.brand IS 'Key of config/brands.yaml';
COMMENT ON COLUMN warehouse.price_floors.category IS 'Category the floor is for; null where it is for all that have none of their own';
COMMENT ON COLUMN warehouse.price_floors.price_floor_usd IS 'The floor in US dollars; null where there is none, so that these listings are reviewed';
COMMENT ON COLUMN warehouse.price_floors.source IS 'As floor_source in flagged_listings; learnt also where there were too few listings';
COMMENT ON COLUMN warehouse.price_floors.listings IS 'Confident listings of the days before that the floor was learnt from; 0 of one that is not learnt';
COMMENT ON COLUMN warehouse.price_floors.median_usd IS 'Their median price in US dollars; null where the floor is not learnt';
COMMENT ON COLUMN warehouse.price_floors.spread IS 'Robust standard deviation of the logarithm of their prices, from which the floor follows: see docs/rules.md';
COMMENT ON COLUMN warehouse.price_floors.retail_usd IS 'Retail price in US dollars, from config/brands.yaml, where given';

CREATE TABLE warehouse.review_samples (
    ds date NOT NULL,
    marketplace text NOT NULL,
    listing_id text NOT NULL,
    brand text NOT NULL,
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    runners_up jsonb NOT NULL DEFAULT '[]',
    price double precision NOT NULL,
    currency text NOT NULL,
    price_usd double precision NOT NULL,
    seller_id text,
    title text NOT NULL,
    url text NOT NULL,
    image_sha256 text NOT NULL,
    model_version text NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (ds, marketplace, listing_id)
);
COMMENT ON TABLE warehouse.review_samples IS 'A random sample of each day''s scored listings, flagged or not, for people to label: a model taught only by its own flags would never hear what it misses';
COMMENT ON COLUMN warehouse.review_samples.brand IS 'Most probable class, no_logo among them';
COMMENT ON COLUMN warehouse.review_samples.confidence IS 'Its calibrated probability, 0 to 1';
COMMENT ON COLUMN warehouse.review_samples.image_sha256 IS 'The picture: images/<first two hex>/<sha256> in the lake';
COMMENT ON COLUMN warehouse.review_samples.run_id IS 'Airflow run, or command, that drew the sample';

-- Sellers: when each was first seen, for a new account is a sign.
CREATE TABLE warehouse.sellers (
    marketplace text NOT NULL,
    seller_id text NOT NULL,
    first_seen_ds date NOT NULL,
    PRIMARY KEY (marketplace, seller_id)
);
INSERT INTO warehouse.sellers
SELECT marketplace, seller_id, min(ds) FROM warehouse.flagged_listings
WHERE seller_id IS NOT NULL
GROUP BY marketplace, seller_id;
COMMENT ON TABLE warehouse.sellers IS 'Every seller that ever had a scored listing';
COMMENT ON COLUMN warehouse.sellers.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.sellers.seller_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.sellers.first_seen_ds IS 'First day with a scored listing of the seller';

-- Reviews: what the picture shows, and of what the decision was made. The last decision counts.
ALTER TABLE warehouse.flag_reviews
    ADD COLUMN image_sha256 text,
    ADD COLUMN label text,
    ADD COLUMN rule_id text,
    ADD COLUMN rules_version text,
    ADD COLUMN model_version text,
    ADD COLUMN sampled boolean NOT NULL DEFAULT false;
UPDATE warehouse.flag_reviews AS review SET
    image_sha256 = flag.image_sha256,
    rule_id = flag.rule_id,
    rules_version = flag.rules_version,
    model_version = flag.model_version
FROM warehouse.flagged_listings AS flag
WHERE (flag.ds, flag.marketplace, flag.listing_id) = (review.ds, review.marketplace, review.listing_id);
DROP INDEX warehouse.flag_reviews_listing;
CREATE INDEX flag_reviews_listing ON warehouse.flag_reviews (marketplace, listing_id, reviewed_at DESC, review_id DESC);
-- Not even the owner changes or deletes by mistake (it would have to grant itself the right).
REVOKE UPDATE, DELETE, TRUNCATE ON warehouse.flag_reviews FROM CURRENT_USER;

COMMENT ON TABLE warehouse.flag_reviews IS 'What people decided about flags and samples: one row per decision, never changed or deleted; the last one of a listing counts';
COMMENT ON COLUMN warehouse.flag_reviews.ds IS 'Day of the flag or sample that was looked at';
COMMENT ON COLUMN warehouse.flag_reviews.image_sha256 IS 'The picture that was looked at';
COMMENT ON COLUMN warehouse.flag_reviews.label IS 'What the picture shows: a brand of config/brands.yaml or no_logo; null where not said';
COMMENT ON COLUMN warehouse.flag_reviews.rule_id IS 'Rule of the flag that was looked at; null for a sample';
COMMENT ON COLUMN warehouse.flag_reviews.rules_version IS 'Its rules_version; null for a sample';
COMMENT ON COLUMN warehouse.flag_reviews.model_version IS 'Version of the model whose opinion was looked at';
COMMENT ON COLUMN warehouse.flag_reviews.sampled IS 'Whether it was of review_samples instead of a flag';

-- Takedown notices: one for a seller, with the confirmed listings it names, and what became of it.
CREATE TABLE warehouse.takedown_notices (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    marketplace text NOT NULL,
    seller_id text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX takedown_notices_seller ON warehouse.takedown_notices (marketplace, seller_id);
COMMENT ON TABLE warehouse.takedown_notices IS 'One row per notice that asks a marketplace to take a seller''s listings down';
COMMENT ON COLUMN warehouse.takedown_notices.notice_id IS 'Running number';
COMMENT ON COLUMN warehouse.takedown_notices.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.takedown_notices.seller_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.takedown_notices.created_by IS 'Who opened it';
COMMENT ON COLUMN warehouse.takedown_notices.created_at IS 'When';

CREATE TABLE warehouse.takedown_notice_listings (
    notice_id bigint NOT NULL REFERENCES warehouse.takedown_notices,
    marketplace text NOT NULL,
    listing_id text NOT NULL,
    ds date NOT NULL,
    review_id bigint NOT NULL,
    PRIMARY KEY (notice_id, marketplace, listing_id)
);
CREATE INDEX takedown_notice_listings_listing ON warehouse.takedown_notice_listings (marketplace, listing_id);
COMMENT ON TABLE warehouse.takedown_notice_listings IS 'The confirmed listings that a notice names';
COMMENT ON COLUMN warehouse.takedown_notice_listings.notice_id IS 'As in takedown_notices';
COMMENT ON COLUMN warehouse.takedown_notice_listings.marketplace IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.takedown_notice_listings.listing_id IS 'As in flagged_listings';
COMMENT ON COLUMN warehouse.takedown_notice_listings.ds IS 'Day of the flag that was handed on';
COMMENT ON COLUMN warehouse.takedown_notice_listings.review_id IS 'The decision that confirmed it, in flag_reviews';

CREATE TABLE warehouse.takedown_notice_events (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id bigint NOT NULL REFERENCES warehouse.takedown_notices,
    status text NOT NULL CHECK (status IN ('drafted', 'sent', 'acknowledged', 'removed', 'rejected')),
    note text,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX takedown_notice_events_notice ON warehouse.takedown_notice_events (notice_id, event_id DESC);
REVOKE UPDATE, DELETE, TRUNCATE ON warehouse.takedown_notice_events FROM CURRENT_USER;
COMMENT ON TABLE warehouse.takedown_notice_events IS 'What became of each notice: one row per change of status, never changed or deleted';
COMMENT ON COLUMN warehouse.takedown_notice_events.event_id IS 'Running number';
COMMENT ON COLUMN warehouse.takedown_notice_events.notice_id IS 'As in takedown_notices';
COMMENT ON COLUMN warehouse.takedown_notice_events.status IS 'drafted, sent, acknowledged, removed (the listings are gone) or rejected';
COMMENT ON COLUMN warehouse.takedown_notice_events.note IS 'For instance the marketplace''s own case number';
COMMENT ON COLUMN warehouse.takedown_notice_events.changed_by IS 'Who set the status';
COMMENT ON COLUMN warehouse.takedown_notice_events.changed_at IS 'When';

-- Views.
CREATE VIEW warehouse.last_reviews AS
SELECT DISTINCT ON (marketplace, listing_id) *
FROM warehouse.flag_reviews
WHERE NOT sampled
ORDER BY marketplace, listing_id, reviewed_at DESC, review_id DESC;
COMMENT ON VIEW warehouse.last_reviews IS 'The review of each flagged listing that counts: the last one. Reviews of samples are about the picture, not about a flag, and are left out';

CREATE VIEW warehouse.current_flags AS
SELECT flag.*, review.decision, review.reviewed_by, review.reviewed_at
FROM (SELECT marketplace, max(ds) AS ds FROM warehouse.flagged_days GROUP BY marketplace) AS latest
JOIN warehouse.flagged_listings AS flag USING (ds, marketplace)
LEFT JOIN LATERAL (
    SELECT decision, reviewed_by, reviewed_at
    FROM warehouse.flag_reviews
    WHERE marketplace = flag.marketplace AND listing_id = flag.listing_id AND NOT sampled
    ORDER BY reviewed_at DESC, review_id DESC
    LIMIT 1
) AS review ON true;
COMMENT ON VIEW warehouse.current_flags IS 'Start here: the flags of each marketplace''s latest day, with the last review of each';
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
COMMENT ON COLUMN warehouse.flags_by_brand_day.flags IS 'Listings flagged that day';
COMMENT ON COLUMN warehouse.flags_by_brand_day.new_flags IS 'Of these, flagged for the first time';
COMMENT ON COLUMN warehouse.flags_by_brand_day.sellers IS 'Distinct sellers of these';
COMMENT ON COLUMN warehouse.flags_by_brand_day.median_price_ratio IS 'Half of these ask less than this share of the price floor';

CREATE VIEW warehouse.seller_risk AS
WITH flags AS (
    SELECT
        marketplace,
        seller_id,
        max(ds) AS ds,
        max(seller_name) AS seller_name,
        count(*) AS flagged_listings,
        max(seller_listings) AS listings,
        count(DISTINCT brand) AS brands,
        count(*) FILTER (WHERE decision = 'dismissed') AS dismissed,
        coalesce(sum(risk) FILTER (WHERE decision IS DISTINCT FROM 'dismissed'), 0) AS risk,
        min(price_ratio) AS lowest_price_ratio,
        min(first_flagged_ds) AS first_flagged_ds,
        count(*) FILTER (WHERE other_sellers > 0) AS shared_pictures,
        max(seller_group) AS seller_group
    FROM warehouse.current_flags
    WHERE seller_id IS NOT NULL
    GROUP BY marketplace, seller_id
), confirmed AS (
    SELECT marketplace, flag.seller_id, count(*) AS confirmed
    FROM warehouse.last_reviews
    JOIN warehouse.flagged_listings AS flag USING (ds, marketplace, listing_id)
    WHERE decision = 'confirmed'
    GROUP BY marketplace, flag.seller_id
)
SELECT
    flags.marketplace,
    flags.seller_id,
    flags.seller_name,
    flags.flagged_listings,
    flags.listings,
    flags.flagged_listings::double precision / flags.listings AS flagged_share,
    coalesce(confirmed.confirmed, 0) AS confirmed,
    flags.dismissed,
    flags.risk,
    flags.brands,
    flags.lowest_price_ratio,
    flags.first_flagged_ds,
    sellers.first_seen_ds,
    flags.ds - sellers.first_seen_ds < 30 AS new_account,
    flags.shared_pictures,
    flags.seller_group
FROM flags
LEFT JOIN confirmed USING (marketplace, seller_id)
LEFT JOIN warehouse.sellers USING (marketplace, seller_id);
COMMENT ON VIEW warehouse.seller_risk IS 'Sellers with current flags; confirmed ones weigh most: ORDER BY confirmed DESC, risk DESC';
COMMENT ON COLUMN warehouse.seller_risk.flagged_listings IS 'Current flags of the seller';
COMMENT ON COLUMN warehouse.seller_risk.listings IS 'Listings of the seller scored that day, flagged or not; null where not counted';
COMMENT ON COLUMN warehouse.seller_risk.flagged_share IS 'flagged_listings / listings';
COMMENT ON COLUMN warehouse.seller_risk.confirmed IS 'Listings of the seller, of any day, whose last review confirmed them';
COMMENT ON COLUMN warehouse.seller_risk.dismissed IS 'Of flagged_listings, dismissed by a reviewer';
COMMENT ON COLUMN warehouse.seller_risk.risk IS 'Sum of the risk of the current flags that were not dismissed';
COMMENT ON COLUMN warehouse.seller_risk.brands IS 'Distinct brands among flagged_listings';
COMMENT ON COLUMN warehouse.seller_risk.lowest_price_ratio IS 'The lowest price asked, as a share of the price floor';
COMMENT ON COLUMN warehouse.seller_risk.first_flagged_ds IS 'First day on which one of these was flagged';
COMMENT ON COLUMN warehouse.seller_risk.first_seen_ds IS 'First day with a scored listing of the seller';
COMMENT ON COLUMN warehouse.seller_risk.new_account IS 'Whether that was less than 30 days before the flags';
COMMENT ON COLUMN warehouse.seller_risk.shared_pictures IS 'Of flagged_listings, those whose picture other sellers offer too';

CREATE VIEW warehouse.seller_groups AS
SELECT
    seller_group,
    count(DISTINCT (marketplace, seller_id)) AS sellers,
    count(DISTINCT marketplace) AS marketplaces,
    count(DISTINCT picture_group) AS pictures,
    count(*) AS flagged_listings,
    count(*) FILTER (WHERE decision = 'confirmed') AS confirmed,
    sum(risk) FILTER (WHERE decision IS DISTINCT FROM 'dismissed') AS risk,
    array_agg(DISTINCT marketplace || ': ' || seller_id) AS members
FROM warehouse.current_flags
WHERE seller_group IS NOT NULL
GROUP BY seller_group;
COMMENT ON VIEW warehouse.seller_groups IS 'Sellers with current flags that share pictures, directly or through others: likely one hand. ORDER BY confirmed DESC, sellers DESC';
COMMENT ON COLUMN warehouse.seller_groups.sellers IS 'Sellers of the group';
COMMENT ON COLUMN warehouse.seller_groups.marketplaces IS 'Marketplaces they sell on';
COMMENT ON COLUMN warehouse.seller_groups.pictures IS 'Distinct pictures of their flags';
COMMENT ON COLUMN warehouse.seller_groups.flagged_listings IS 'Their current flags';
COMMENT ON COLUMN warehouse.seller_groups.confirmed IS 'Of these, confirmed by a reviewer';
COMMENT ON COLUMN warehouse.seller_groups.risk IS 'Sum of the risk of those that were not dismissed';
COMMENT ON COLUMN warehouse.seller_groups.members IS 'Array of "marketplace: seller_id"';

CREATE VIEW warehouse.rule_version_precision AS
WITH decided AS (
    SELECT DISTINCT ON (marketplace, listing_id, rule_id, rules_version)
        rule_id, rules_version, decision
    FROM warehouse.flag_reviews
    WHERE rule_id IS NOT NULL
    ORDER BY marketplace, listing_id, rule_id, rules_version, reviewed_at DESC, review_id DESC
)
SELECT
    rule_id,
    rules_version,
    count(*) FILTER (WHERE decision <> 'unsure') AS reviewed,
    count(*) FILTER (WHERE decision = 'confirmed') AS confirmed,
    count(*) FILTER (WHERE decision = 'confirmed')::double precision
        / nullif(count(*) FILTER (WHERE decision <> 'unsure'), 0) AS precision
FROM decided
GROUP BY rule_id, rules_version;
COMMENT ON VIEW warehouse.rule_version_precision IS 'As rule_precision, apart for each version of the rules: did a change make it better?';
COMMENT ON COLUMN warehouse.rule_version_precision.reviewed IS 'Listings flagged by this version of the rule whose last review confirmed or dismissed them';

CREATE VIEW warehouse.rule_precision AS
WITH decided AS (
    SELECT DISTINCT ON (marketplace, listing_id, rule_id) rule_id, decision
    FROM warehouse.flag_reviews
    WHERE rule_id IS NOT NULL
    ORDER BY marketplace, listing_id, rule_id, reviewed_at DESC, review_id DESC
), reviews AS (
    SELECT
        rule_id,
        count(*) FILTER (WHERE decision <> 'unsure') AS reviewed,
        count(*) FILTER (WHERE decision = 'confirmed') AS confirmed
    FROM decided
    GROUP BY rule_id
), flags AS (
    SELECT rule_id, count(*) AS flags
    FROM (SELECT marketplace, max(ds) AS ds FROM warehouse.flagged_days GROUP BY marketplace) AS latest
    JOIN warehouse.flagged_listings USING (ds, marketplace)
    GROUP BY rule_id
)
SELECT
    rule_id,
    coalesce(flags, 0) AS flags,
    coalesce(reviewed, 0) AS reviewed,
    coalesce(confirmed, 0) AS confirmed,
    confirmed::double precision / nullif(reviewed, 0) AS precision
FROM flags FULL JOIN reviews USING (rule_id);
COMMENT ON VIEW warehouse.rule_precision IS 'Share of each rule''s reviewed flags that people confirmed';
COMMENT ON COLUMN warehouse.rule_precision.flags IS 'Current flags by this rule';
COMMENT ON COLUMN warehouse.rule_precision.reviewed IS 'Listings ever flagged by this rule whose last review confirmed or dismissed them';

CREATE VIEW warehouse.takedown_status AS
SELECT
    notice_id,
    notice.marketplace,
    notice.seller_id,
    (SELECT count(*) FROM warehouse.takedown_notice_listings WHERE notice_id = notice.notice_id) AS listings,
    event.status,
    event.note,
    event.changed_by,
    event.changed_at,
    notice.created_by,
    notice.created_at
FROM warehouse.takedown_notices AS notice
JOIN LATERAL (
    SELECT status, note, changed_by, changed_at
    FROM warehouse.takedown_notice_events
    WHERE notice_id = notice.notice_id
    ORDER BY event_id DESC
    LIMIT 1
) AS event ON true;
COMMENT ON VIEW warehouse.takedown_status IS 'Each takedown notice with its last status';
COMMENT ON COLUMN warehouse.takedown_status.listings IS 'Listings the notice names';

CREATE VIEW warehouse.confirmed_flags AS
SELECT
    flag.*,
    review.review_id,
    review.reviewed_by,
    review.reviewed_at,
    review.note AS review_note,
    notice.notice_id,
    notice.status AS notice_status
FROM warehouse.last_reviews AS review
JOIN LATERAL (
    SELECT * FROM warehouse.flagged_listings
    WHERE marketplace = review.marketplace AND listing_id = review.listing_id
    ORDER BY ds = review.ds DESC, ds DESC
    LIMIT 1
) AS flag ON true
LEFT JOIN LATERAL (
    SELECT notice_id, event.status
    FROM warehouse.takedown_notice_listings AS named
    JOIN LATERAL (
        SELECT status FROM warehouse.takedown_notice_events
        WHERE notice_id = named.notice_id
        ORDER BY event_id DESC
        LIMIT 1
    ) AS event ON true
    WHERE named.marketplace = review.marketplace AND named.listing_id = review.listing_id
    ORDER BY notice_id DESC
    LIMIT 1
) AS notice ON true
WHERE review.decision = 'confirmed';
COMMENT ON VIEW warehouse.confirmed_flags IS 'What to hand on: each listing whose last review confirmed it, once, as flagged on the day that was looked at (or its latest, where that flag is gone), with the last notice that names it';
COMMENT ON COLUMN warehouse.confirmed_flags.review_note IS 'The reviewer''s own words';
COMMENT ON COLUMN warehouse.confirmed_flags.notice_id IS 'The last takedown notice that names it; null where none does';
COMMENT ON COLUMN warehouse.confirmed_flags.notice_status IS 'What became of that notice so far';

COMMENT ON COLUMN warehouse.takedown_status.notice_id IS 'Running number';
COMMENT ON COLUMN warehouse.confirmed_flags.review_id IS 'The review that confirmed it, in flag_reviews';
COMMENT ON COLUMN warehouse.confirmed_flags.reviewed_by IS 'Who confirmed it';
COMMENT ON COLUMN warehouse.confirmed_flags.reviewed_at IS 'When';
COMMENT ON COLUMN warehouse.rule_version_precision.confirmed IS 'Of these, confirmed';
COMMENT ON COLUMN warehouse.rule_version_precision.precision IS 'confirmed / reviewed; null where none is decided';
COMMENT ON COLUMN warehouse.rule_precision.confirmed IS 'Of these, confirmed';
COMMENT ON COLUMN warehouse.rule_precision.precision IS 'confirmed / reviewed; null where none is decided';

-- What is not described above means what it means where it comes from.
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT taken.name, own.attname, col_description(source.attrelid, source.attnum) AS meaning
        FROM (VALUES
            ('review_samples', 'flagged_listings'),
            ('last_reviews', 'flag_reviews'),
            ('current_flags', 'flagged_listings'),
            ('flags_by_brand_day', 'flagged_listings'),
            ('seller_risk', 'flagged_listings'),
            ('seller_groups', 'flagged_listings'),
            ('rule_precision', 'flagged_listings'),
            ('rule_version_precision', 'flagged_listings'),
            ('takedown_status', 'takedown_notices'),
            ('takedown_status', 'takedown_notice_events'),
            ('confirmed_flags', 'flagged_listings')
        ) AS taken (name, source)
        JOIN pg_attribute AS own ON own.attrelid = ('warehouse.' || taken.name)::regclass
        JOIN pg_attribute AS source ON source.attrelid = ('warehouse.' || taken.source)::regclass
            AND source.attname = own.attname
        WHERE own.attnum > 0 AND col_description(own.attrelid, own.attnum) IS NULL
    LOOP
        EXECUTE format('COMMENT ON COLUMN warehouse.%I.%I IS %L', part.name, part.attname, part.meaning);
    END LOOP;
END $$;
