-- As by_risk.sql, of the flags whose last review is a certain decision. They are few beside all
-- flags: from the reviews to the flags.
SELECT flag.ds, marketplace, flag.listing_id, risk
FROM warehouse.last_reviews AS review
JOIN (
    SELECT DISTINCT ON (marketplace) marketplace, ds
    FROM warehouse.flagged_days
    WHERE (%(ds)s::date IS NULL OR ds = %(ds)s)
    AND (%(marketplace)s::text IS NULL OR marketplace = %(marketplace)s)
    ORDER BY marketplace, ds DESC
) AS latest USING (marketplace)
JOIN warehouse.flagged_listings AS flag
    ON (flag.ds, flag.marketplace, flag.listing_id) = (latest.ds, marketplace, review.listing_id)
WHERE decision = %(decision)s
AND (%(brand)s::text IS NULL OR flag.brand = %(brand)s)
AND (%(verdict)s::text IS NULL OR flag.verdict = %(verdict)s)
AND (%(rule_id)s::text IS NULL OR flag.rule_id = %(rule_id)s)
AND (%(risk)s::double precision IS NULL OR (
    risk <= %(risk)s
    AND (risk < %(risk)s OR (marketplace, flag.listing_id) > (%(after_marketplace)s::text, %(after_listing)s::text))
))
ORDER BY risk DESC, marketplace, flag.listing_id
LIMIT %(limit)s
