-- A notice to a marketplace about a seller: all its confirmed listings that no notice names yet, or
-- one that was rejected. No row where there are none.
WITH listings AS (
    SELECT listing_id, ds, review_id FROM warehouse.confirmed_flags
    WHERE marketplace = %(marketplace)s AND seller_id = %(seller_id)s
    AND (notice_status IS NULL OR notice_status = 'rejected')
), notice AS (
    INSERT INTO warehouse.takedown_notices (marketplace, seller_id, created_by)
    SELECT %(marketplace)s, %(seller_id)s, %(by)s WHERE EXISTS (SELECT FROM listings)
    RETURNING notice_id
), named AS (
    INSERT INTO warehouse.takedown_notice_listings (notice_id, marketplace, listing_id, ds, review_id)
    SELECT notice_id, %(marketplace)s, listing_id, ds, review_id FROM notice, listings
), event AS (
    INSERT INTO warehouse.takedown_notice_events (notice_id, status, note, changed_by)
    SELECT notice_id, 'drafted', %(note)s, %(by)s FROM notice
)
SELECT notice_id, (SELECT count(*) FROM listings) AS listings FROM notice
