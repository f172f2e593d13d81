-- A flag of the day $1 that came or went moves the first day of its listing on later days, and of no
-- other.
UPDATE warehouse.flagged_listings AS flag
SET first_flagged_ds = first.ds
FROM (
    SELECT DISTINCT marketplace, listing_id, earliest.ds
    FROM touched_listings AS touched
    JOIN warehouse.flagged_listings AS later USING (marketplace, listing_id)
    CROSS JOIN LATERAL (
        SELECT min(ds) AS ds FROM warehouse.flagged_listings AS one
        WHERE one.marketplace = touched.marketplace AND one.listing_id = touched.listing_id
    ) AS earliest
    WHERE later.ds > $1
) AS first
WHERE flag.marketplace = first.marketplace AND flag.listing_id = first.listing_id
AND flag.ds > $1 AND flag.first_flagged_ds <> first.ds
