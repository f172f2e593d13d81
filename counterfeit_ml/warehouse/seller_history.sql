-- Distinct listings of each seller that were flagged, and that people confirmed, before the day $1.
SELECT
    marketplace,
    seller_id,
    count(*) FILTER (WHERE counterfeit AND decision IS DISTINCT FROM 'dismissed') AS flags_before,
    count(*) FILTER (WHERE decision = 'confirmed') AS confirmed_before
FROM (
    SELECT marketplace, seller_id, listing_id, bool_or(verdict = 'counterfeit') AS counterfeit
    FROM warehouse.flagged_listings
    WHERE ds < $1 AND seller_id IS NOT NULL
    GROUP BY marketplace, seller_id, listing_id
) AS listing
LEFT JOIN warehouse.last_reviews USING (marketplace, listing_id)
GROUP BY marketplace, seller_id
