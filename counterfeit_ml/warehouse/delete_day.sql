-- The rows that a table had of the day $1.
DELETE FROM warehouse.{relation} WHERE ds = $1
