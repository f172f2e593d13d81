-- The rows that it has now.
INSERT INTO warehouse.{relation} ({columns}) SELECT {columns} FROM {staged}
