-- Flags of the day $1 that the rules no longer make; their listings are touched.
WITH cleared AS (
    DELETE FROM warehouse.flagged_listings AS flag
    WHERE flag.ds = $1
    AND NOT EXISTS (
        SELECT FROM staged_flags AS staged
        WHERE staged.marketplace = flag.marketplace AND staged.listing_id = flag.listing_id
    )
    RETURNING flag.marketplace, flag.listing_id
)
INSERT INTO touched_listings SELECT marketplace, listing_id FROM cleared RETURNING listing_id
