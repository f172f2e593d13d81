-- The listings of one marketplace that are on offer and were not seen on the day.
-- Tables: history (the newest there is), today (the listings of the day).
SELECT listing_id, last_seen
FROM history
ANTI JOIN today USING (listing_id)
WHERE active
    AND last_seen < $ds::DATE
    -- Where the marketplace was not taken that day, nobody has told what is inactive by now.
    AND ($taken OR last_seen + $carried_days > $ds::DATE)
