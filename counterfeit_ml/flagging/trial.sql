-- What differs between the flags of a day as they stand and as other rules make them.
-- Tables: before, after (marketplace, listing_id, verdict, rule_id, brand, title, reasons, risk).
SELECT
    CASE
        WHEN before.rule_id IS NULL THEN 'new'
        WHEN after.rule_id IS NULL THEN 'cleared'
        ELSE 'changed'
    END AS change,
    coalesce(after.marketplace, before.marketplace) AS marketplace,
    coalesce(after.listing_id, before.listing_id) AS listing_id,
    before.verdict AS verdict_before,
    before.rule_id AS rule_before,
    after.verdict AS verdict,
    after.rule_id AS rule,
    coalesce(after.brand, before.brand, 'none') AS brand,
    coalesce(after.title, before.title) AS title,
    coalesce(after.reasons, before.reasons) AS reasons
FROM before
FULL JOIN after
    ON before.marketplace = after.marketplace AND before.listing_id = after.listing_id
WHERE (before.rule_id, before.verdict) IS DISTINCT FROM (after.rule_id, after.verdict)
ORDER BY
    change DESC,
    coalesce(after.rule_id, before.rule_id),
    coalesce(after.risk, before.risk) DESC,
    coalesce(after.marketplace, before.marketplace),
    coalesce(after.listing_id, before.listing_id)
