-- Keys of one day's flags, riskiest first, along the index flagged_listings_risk, which has all that
-- is filtered by. The day is named, not joined: so the planner knows how many flags it has.
SELECT ds, marketplace, listing_id
FROM warehouse.flagged_listings AS flag
WHERE ds = %(ds)s
AND marketplace = ANY (%(marketplaces)s)
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
