-- What stands of the day $1, to be compared with what other rules would make of it.
SELECT marketplace, listing_id, verdict, rule_id, brand, title, reasons::text AS reasons, risk
FROM warehouse.flagged_listings
WHERE ds = $1
