-- A day that was filled in or cleared moves the first day of the listings it touched.
UPDATE warehouse.flagged_listings AS flag
SET first_flagged_ds = first.ds
FROM (
    SELECT marketplace, listing_id, min(ds) AS ds
    FROM warehouse.flagged_listings
    GROUP BY marketplace, listing_id
) AS first
WHERE first.marketplace = flag.marketplace
AND first.listing_id = flag.listing_id
AND first.ds <> flag.first_flagged_ds
