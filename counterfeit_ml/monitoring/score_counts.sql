-- How many listings of the day fall into each bin of each feature of the scores.
-- Table: day (its scored listings). A listing whose picture could not be scored counts for `scored` alone.
WITH readable AS (
    SELECT
        brand,
        -- Hundredths, as counterfeit_ml.monitoring.features has them.
        least(99, floor(100 * confidence::DOUBLE + 1e-4)::INTEGER) AS hundredth,
        brand != $no_logo AND confidence::DOUBLE > $flag_confidence AS above
    FROM day
    WHERE brand IS NOT NULL
)
SELECT 'brand' AS feature, brand AS bin, count(*) AS rows FROM readable GROUP BY ALL
UNION ALL
SELECT 'confidence', hundredth::VARCHAR, count(*) FROM readable GROUP BY ALL
UNION ALL
SELECT 'above_0.89', if(above, 'yes', 'no'), count(*) FROM readable GROUP BY ALL
UNION ALL
SELECT 'no_logo', if(brand = $no_logo, 'yes', 'no'), count(*) FROM readable GROUP BY ALL
UNION ALL
SELECT 'scored', if(brand IS NULL, 'no', 'yes'), count(*) FROM day GROUP BY ALL
