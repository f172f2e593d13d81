-- One flag whole, and how long its seller is known.
SELECT flag.*, first_seen_ds AS seller_first_seen_ds
FROM warehouse.flagged_listings AS flag
LEFT JOIN warehouse.sellers USING (marketplace, seller_id)
WHERE ds = %(ds)s AND marketplace = %(marketplace)s AND listing_id = %(listing_id)s
