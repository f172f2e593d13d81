-- New and changed flags; an equal row is left as it is. The listings of new ones are touched.
WITH written AS (
    INSERT INTO warehouse.flagged_listings AS flag (ds, run_id, first_flagged_ds, {columns})
    SELECT staged.ds, run_id, coalesce(before.ds, staged.ds), {staged}
    FROM staged_flags AS staged
    CROSS JOIN LATERAL (
        SELECT min(one.ds) AS ds FROM warehouse.flagged_listings AS one
        WHERE one.marketplace = staged.marketplace AND one.listing_id = staged.listing_id
        AND one.ds < staged.ds
    ) AS before
    ON CONFLICT (ds, marketplace, listing_id) DO UPDATE SET
        (run_id, flagged_at, {columns}) = ROW (excluded.run_id, excluded.flagged_at, {excluded})
    WHERE ROW ({flag}) IS DISTINCT FROM ROW ({excluded})
    RETURNING flag.marketplace, flag.listing_id, xmax = 0 AS is_new
), touched AS (
    INSERT INTO touched_listings SELECT marketplace, listing_id FROM written WHERE is_new
)
SELECT count(*) FROM written
