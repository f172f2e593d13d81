-- The last decision about each listing of which the reviewer has not seen it.
SELECT marketplace, listing_id, to_jsonb(review) AS review
FROM unnest(
    %(ds)s::date[], %(marketplace)s::text[], %(listing_id)s::text[], %(seen)s::bigint[]
) AS subject (ds, marketplace, listing_id, seen)
CROSS JOIN LATERAL (
    SELECT review_id, decision, note, label, reviewed_by, reviewed_at
    FROM warehouse.flag_reviews
    WHERE marketplace = subject.marketplace AND listing_id = subject.listing_id
    AND sampled = %(sampled)s AND (NOT sampled OR flag_reviews.ds = subject.ds)
    ORDER BY flag_reviews.reviewed_at DESC, flag_reviews.review_id DESC
    LIMIT 1
) AS review
WHERE review_id IS DISTINCT FROM seen
