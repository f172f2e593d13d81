-- The rows of the day's quarantine.
-- Tables: quarantine (as drafted), standing.
SELECT * EXCLUDE (seq, page)
FROM quarantine
SEMI JOIN standing USING (seq)
ORDER BY source
