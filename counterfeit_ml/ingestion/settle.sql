-- Which of the drafted records stand: one of a page, and of several with one listing_id the first.
-- Tables: draft_listings, draft_quarantine.
CREATE TEMP VIEW drafted AS
SELECT seq, source, coalesce(page, '') AS page, listing_id, true AS sound
FROM draft_listings
UNION ALL
SELECT seq, source, coalesce(page, ''), NULL, false
FROM draft_quarantine;

-- Of a crawl: its records come in any order, and several addresses may lead to one page.
CREATE TEMP TABLE of_page AS
SELECT min_by(seq, page) AS seq, row_number() OVER (ORDER BY source) AS place
FROM drafted
WHERE NOT $in_order
GROUP BY source;

-- Of a feed: its order counts, and each record has a line of its own.
CREATE TEMP VIEW record AS
SELECT seq, listing_id, sound, seq AS place
FROM drafted
WHERE (SELECT count(*) FROM of_page) = 0
UNION ALL
SELECT seq, listing_id, sound, place
FROM drafted
JOIN of_page USING (seq);

CREATE TEMP TABLE listed AS
SELECT min_by(seq, place) AS seq
FROM record
WHERE sound
GROUP BY listing_id;

CREATE TEMP VIEW today AS
SELECT * EXCLUDE (seq, page, source)
FROM draft_listings
SEMI JOIN listed USING (seq);

CREATE TEMP VIEW refused AS
SELECT * EXCLUDE (seq, page)
FROM draft_quarantine
SEMI JOIN record USING (seq);
