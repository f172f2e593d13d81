-- What reviewers say that pictures show: by their last decision about each listing and picture.
SELECT image_sha256, label, reviewed_by, marketplace, listing_id, seller_id
FROM (
    SELECT DISTINCT ON (marketplace, listing_id, image_sha256, sampled) *
    FROM warehouse.flag_reviews
    WHERE image_sha256 IS NOT NULL
    ORDER BY marketplace, listing_id, image_sha256, sampled, reviewed_at DESC, review_id DESC
) AS review
LEFT JOIN LATERAL (
    SELECT seller_id FROM warehouse.flagged_listings
    WHERE (ds, marketplace, listing_id) = (review.ds, review.marketplace, review.listing_id)
    UNION ALL
    SELECT seller_id FROM warehouse.review_samples
    WHERE (ds, marketplace, listing_id) = (review.ds, review.marketplace, review.listing_id)
    LIMIT 1
) AS listing ON true
WHERE label IS NOT NULL AND decision <> 'unsure'
ORDER BY review_id
