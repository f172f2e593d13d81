-- What a day's publication counts.
-- Tables: standing, today, refused, history.
SELECT
    coalesce(sum(records), 0)::BIGINT AS seen,
    coalesce(sum(records - 1), 0)::BIGINT AS repeated,
    count(*) FILTER (WHERE sound) AS listed,
    count(*) FILTER (WHERE NOT sound) AS quarantined,
    (SELECT coalesce(histogram(reason), MAP {}) FROM refused) AS reasons,
    (SELECT count(DISTINCT image_sha256) FROM today) AS pictures,
    (SELECT count(*) FROM history WHERE change = 'new') AS new,
    (SELECT count(*) FROM history WHERE change = 'changed') AS changed,
    (SELECT count(*) FROM history WHERE change = 'unchanged') AS unchanged,
    (SELECT count(*) FROM history WHERE change = 'inactive') AS inactive
FROM standing
