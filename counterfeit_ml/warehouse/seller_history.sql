-- Distinct listings of each seller that were flagged, and that people confirmed, before the day $1.
SELECT
    flag.marketplace,
    flag.seller_id,
    count(DISTINCT flag.listing_id) FILTER (
        WHERE flag.verdict = 'counterfeit' AND review.decision IS DISTINCT FROM 'dismissed'
    ) AS flags_before,
    count(DISTINCT flag.listing_id) FILTER (WHERE review.decision = 'confirmed') AS confirmed_before
FROM warehouse.flagged_listings AS flag
LEFT JOIN warehouse.last_reviews AS review USING (marketplace, listing_id)
WHERE flag.ds < $1 AND flag.seller_id IS NOT NULL
GROUP BY flag.marketplace, flag.seller_id
