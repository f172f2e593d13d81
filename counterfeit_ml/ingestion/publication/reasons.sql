-- How often each reason refused a record.
-- Tables: refused.
SELECT reason, count(*) AS records
FROM refused
GROUP BY reason
ORDER BY reason
