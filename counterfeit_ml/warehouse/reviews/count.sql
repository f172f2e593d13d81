-- How many flags have their keys in `key`.
SELECT count(*) AS flags FROM key
