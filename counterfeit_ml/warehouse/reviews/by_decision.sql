-- As by_risk.sql, of the flags whose last review is a certain decision. They are few beside all
-- flags: from the reviews to the flags.
SELECT %(ds)s::date AS ds, marketplace, listing_id
FROM (
    SELECT marketplace, listing_id
    FROM warehouse.last_reviews
    WHERE decision = %(decision)s AND marketplace = ANY (%(marketplaces)s)
) AS review
CROSS JOIN LATERAL (
    SELECT risk
    FROM warehouse.flagged_listings AS flag
    WHERE ds = %(ds)s
    AND flag.marketplace = review.marketplace
    AND flag.listing_id = review.listing_id
    AND (%(brand)s::text IS NULL OR brand = %(brand)s)
    AND (%(verdict)s::text IS NULL OR verdict = %(verdict)s)
    AND (%(rule_id)s::text IS NULL OR rule_id = %(rule_id)s)
    LIMIT 1 -- Else the planner goes through all of the brand's or the rule's.
) AS flag
WHERE %(risk)s::double precision IS NULL OR (
    risk <= %(risk)s
    AND (risk < %(risk)s OR (marketplace, listing_id) > (%(after_marketplace)s::text, %(after_listing)s::text))
)
ORDER BY risk DESC, marketplace, listing_id
LIMIT %(limit)s
