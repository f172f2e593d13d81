-- Sellers that were seen on the day $1 or before.
SELECT marketplace, seller_id FROM warehouse.sellers WHERE first_seen_ds <= $1
