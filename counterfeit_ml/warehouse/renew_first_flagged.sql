-- A flag that came or went moves the first day of its listing, and of no other.
WITH first AS (
    SELECT marketplace, listing_id, earliest.ds
    FROM touched_listings AS touched
    CROSS JOIN LATERAL (
        SELECT min(ds) AS ds FROM warehouse.flagged_listings AS flag
        WHERE flag.marketplace = touched.marketplace AND flag.listing_id = touched.listing_id
    ) AS earliest
)
UPDATE warehouse.flagged_listings AS flag
SET first_flagged_ds = first.ds
FROM first
WHERE flag.marketplace = first.marketplace AND flag.listing_id = first.listing_id
AND flag.first_flagged_ds <> first.ds
