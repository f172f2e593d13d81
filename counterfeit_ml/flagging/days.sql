-- How many listings of each marketplace were scored, and how many of these are decided.
SELECT marketplace, scored, coalesce(flagged, 0) AS flagged, $rules_version AS rules_version, model_version
FROM (
    SELECT marketplace, count(*) AS scored, min(model_version) AS model_version
    FROM scored
    GROUP BY marketplace
)
LEFT JOIN (SELECT marketplace, count(*) AS flagged FROM kept WHERE position IS NOT NULL GROUP BY marketplace)
    USING (marketplace)
ORDER BY marketplace
