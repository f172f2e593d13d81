-- What the list shows of these flags, riskiest first.
SELECT
    flag.ds, flag.marketplace, flag.listing_id, left(title, 300) AS title, verdict, flag.rule_id,
    brand, confidence, price, currency, price_usd, price_floor_usd, price_ratio, flag.risk,
    flag.image_sha256, other_sellers, first_flagged_ds, to_jsonb(review) AS review
FROM unnest(%(ds)s::date[], %(marketplace)s::text[], %(listing_id)s::text[])
    AS key (ds, marketplace, listing_id)
JOIN warehouse.flagged_listings AS flag USING (ds, marketplace, listing_id)
LEFT JOIN LATERAL (
    SELECT review_id, decision, note, label, reviewed_by, reviewed_at
    FROM warehouse.flag_reviews
    WHERE marketplace = flag.marketplace AND listing_id = flag.listing_id AND NOT sampled
    ORDER BY flag_reviews.reviewed_at DESC, flag_reviews.review_id DESC
    LIMIT 1
) AS review ON true
ORDER BY flag.risk DESC, flag.marketplace, flag.listing_id
LIMIT %(limit)s
