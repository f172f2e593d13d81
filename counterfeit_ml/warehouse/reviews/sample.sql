-- The random sample of one day, else of the latest that has one, with the last answer to each.
SELECT sample.*, to_jsonb(review) AS review
FROM warehouse.review_samples AS sample
LEFT JOIN LATERAL (
    SELECT review_id, decision, note, label, reviewed_by, reviewed_at
    FROM warehouse.flag_reviews
    WHERE marketplace = sample.marketplace AND listing_id = sample.listing_id AND ds = sample.ds
    AND sampled
    ORDER BY flag_reviews.reviewed_at DESC, flag_reviews.review_id DESC
    LIMIT 1
) AS review ON true
WHERE sample.ds = coalesce(%(ds)s, (SELECT max(ds) FROM warehouse.review_samples))
ORDER BY md5(sample.listing_id), sample.marketplace, sample.listing_id
LIMIT 200
