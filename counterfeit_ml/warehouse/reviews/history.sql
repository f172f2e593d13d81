-- Every decision about a listing, the last first.
SELECT review_id, ds, decision, note, label, reviewed_by, reviewed_at
FROM warehouse.flag_reviews
WHERE marketplace = %(marketplace)s AND listing_id = %(listing_id)s AND NOT sampled
ORDER BY reviewed_at DESC, review_id DESC
LIMIT 100
