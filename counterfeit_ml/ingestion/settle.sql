-- Which of the drafted records stand: one of a page, and of several with one listing_id the first.
-- A feed's records come in its order; a crawl's in any, so there the page's address decides.
-- Tables: draft_listings, draft_quarantine.
CREATE TEMP TABLE record AS
WITH drafted AS (
    SELECT seq, source, coalesce(page, '') AS page, listing_id, true AS sound
    FROM draft_listings
    UNION ALL
    SELECT seq, source, coalesce(page, ''), NULL, false
    FROM draft_quarantine
)
SELECT
    source,
    min_by(seq, page) AS seq,
    min_by(listing_id, page) AS listing_id,
    min_by(sound, page) AS sound
FROM drafted
GROUP BY source;

CREATE TEMP TABLE listed AS
SELECT listing_id, min_by(seq, CASE WHEN $in_order THEN (seq, '') ELSE (0, source) END) AS seq
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
