-- The first day of the sellers seen on the day $1, where it is the first so far.
INSERT INTO warehouse.sellers AS known (marketplace, seller_id, first_seen_ds)
SELECT marketplace, seller_id, $1 FROM staged_sellers
ON CONFLICT (marketplace, seller_id) DO UPDATE SET first_seen_ds = excluded.first_seen_ds
WHERE excluded.first_seen_ds < known.first_seen_ds
