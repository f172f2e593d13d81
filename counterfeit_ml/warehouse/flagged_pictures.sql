-- Pictures flagged as counterfeit before the day $1, unless people have dismissed the listing.
SELECT DISTINCT flag.image_sha256, flag.image_phash, flag.marketplace, flag.listing_id
FROM warehouse.flagged_listings AS flag
LEFT JOIN warehouse.last_reviews AS review USING (marketplace, listing_id)
WHERE flag.ds < $1 AND flag.verdict = 'counterfeit' AND flag.image_sha256 IS NOT NULL
AND review.decision IS DISTINCT FROM 'dismissed'
