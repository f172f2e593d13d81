-- One row for each flag that was decided, with what it was when it was. Who confirms a counterfeit
-- of a brand says that the picture shows the brand; of no_logo nothing follows for the picture.
INSERT INTO warehouse.flag_reviews (
    marketplace, listing_id, ds, decision, note, label, reviewed_by, reviewed_at, image_sha256,
    rule_id, rules_version, model_version, sampled
)
SELECT
    marketplace, listing_id, ds, %(decision)s, %(note)s,
    coalesce(%(label)s, CASE WHEN %(decision)s = 'confirmed' THEN nullif(brand, 'no_logo') END),
    %(reviewer)s, clock_timestamp(), image_sha256, rule_id, rules_version, model_version, false
FROM unnest(%(ds)s::date[], %(marketplace)s::text[], %(listing_id)s::text[])
    AS subject (ds, marketplace, listing_id)
JOIN warehouse.flagged_listings USING (ds, marketplace, listing_id)
RETURNING marketplace, listing_id, review_id, decision, note, label, reviewed_by, reviewed_at
