-- One row for each picture of the sample, and whether the model was right: it is not asked whether
-- the listing is a counterfeit.
INSERT INTO warehouse.flag_reviews (
    marketplace, listing_id, ds, decision, note, label, reviewed_by, reviewed_at, image_sha256,
    model_version, sampled
)
SELECT
    marketplace, listing_id, ds,
    CASE WHEN %(label)s::text IS NULL THEN 'unsure'
        WHEN %(label)s = brand THEN 'confirmed'
        ELSE 'dismissed'
    END,
    %(note)s, %(label)s, %(reviewer)s, clock_timestamp(), image_sha256, model_version, true
FROM unnest(%(ds)s::date[], %(marketplace)s::text[], %(listing_id)s::text[])
    AS subject (ds, marketplace, listing_id)
JOIN warehouse.review_samples USING (ds, marketplace, listing_id)
RETURNING marketplace, listing_id, review_id, decision, note, label, reviewed_by, reviewed_at
