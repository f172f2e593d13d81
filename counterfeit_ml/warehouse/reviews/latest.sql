-- The day asked for, else each marketplace's latest; marketplaces with the same in one row.
SELECT ds, array_agg(marketplace) AS marketplaces
FROM (
    SELECT DISTINCT ON (marketplace) marketplace, ds
    FROM warehouse.flagged_days
    WHERE (%(ds)s::date IS NULL OR ds = %(ds)s)
    AND (%(marketplace)s::text IS NULL OR marketplace = %(marketplace)s)
    ORDER BY marketplace, ds DESC
) AS latest
GROUP BY ds
ORDER BY ds DESC
