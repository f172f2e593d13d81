-- Which of the drafted records stand: one of a page, and of several with one listing_id the first.
-- Tables: listings, quarantine (both as drafted).
WITH drafted AS (
    SELECT seq, source, coalesce(page, '') AS page, listing_id, true AS sound
    FROM listings
    UNION ALL
    SELECT seq, source, coalesce(page, ''), NULL, false
    FROM quarantine
),
-- Of a crawl: its records come in any order, and several addresses may lead to one page.
of_page AS (
    SELECT min_by(seq, page) AS seq, row_number() OVER (ORDER BY source) AS place
    FROM drafted
    WHERE NOT $in_order
    GROUP BY source
),
-- Of a feed: its order counts, and each record has a line of its own.
record AS (
    SELECT seq, listing_id, sound, seq AS place
    FROM drafted
    WHERE $in_order
    UNION ALL
    SELECT seq, listing_id, sound, place
    FROM drafted
    JOIN of_page USING (seq)
)
SELECT min_by(seq, place) AS seq, count(*) AS records, sound
FROM record
WHERE sound
GROUP BY listing_id, sound
UNION ALL
SELECT seq, 1, sound
FROM record
WHERE NOT sound
