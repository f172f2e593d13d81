-- What the list can be filtered by. Each step leaps to the next name in an index, however many
-- flags have the one before.
WITH RECURSIVE rule AS (
    (SELECT rule_id AS name FROM warehouse.flagged_listings ORDER BY rule_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT rule_id FROM warehouse.flagged_listings
        WHERE rule_id > rule.name ORDER BY rule_id LIMIT 1
    )
    FROM rule WHERE rule.name IS NOT NULL
)
SELECT
    ARRAY(SELECT name FROM rule WHERE name IS NOT NULL) AS rules,
    ARRAY(SELECT DISTINCT marketplace FROM warehouse.flagged_days ORDER BY marketplace) AS marketplaces,
    ARRAY(SELECT DISTINCT ds FROM warehouse.flagged_days ORDER BY ds DESC LIMIT 366) AS days,
    ARRAY(SELECT DISTINCT ds FROM warehouse.review_samples ORDER BY ds DESC LIMIT 366) AS sample_days
