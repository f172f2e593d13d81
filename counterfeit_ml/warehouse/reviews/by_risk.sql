-- Keys of flags, riskiest first: those of one day, else those of each marketplace's latest.
-- One day after another by the index flagged_listings_risk, which has all that is filtered by.
SELECT flag.ds, flag.marketplace, flag.listing_id, flag.risk
FROM (
    SELECT ds, array_agg(marketplace) AS marketplaces
    FROM (
        SELECT DISTINCT ON (marketplace) marketplace, ds
        FROM warehouse.flagged_days
        WHERE (%(ds)s::date IS NULL OR ds = %(ds)s)
        AND (%(marketplace)s::text IS NULL OR marketplace = %(marketplace)s)
        ORDER BY marketplace, ds DESC
    ) AS latest
    GROUP BY ds
) AS day
CROSS JOIN LATERAL (
    SELECT ds, marketplace, listing_id, risk
    FROM warehouse.flagged_listings AS flag
    WHERE flag.ds = day.ds
    AND marketplace = ANY (day.marketplaces)
    AND (%(brand)s::text IS NULL OR brand = %(brand)s)
    AND (%(verdict)s::text IS NULL OR verdict = %(verdict)s)
    AND (%(rule_id)s::text IS NULL OR rule_id = %(rule_id)s)
    AND (%(risk)s::double precision IS NULL OR (
        risk <= %(risk)s
        AND (risk < %(risk)s OR (marketplace, listing_id) > (%(after_marketplace)s::text, %(after_listing)s::text))
    ))
    AND (%(decision)s::text IS NULL OR NOT EXISTS (
        SELECT FROM warehouse.flag_reviews AS review
        WHERE review.marketplace = flag.marketplace AND review.listing_id = flag.listing_id AND NOT sampled
    ))
    ORDER BY risk DESC, marketplace, listing_id
    LIMIT %(limit)s
) AS flag
ORDER BY risk DESC, marketplace, listing_id
LIMIT %(limit)s
