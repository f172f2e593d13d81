-- Arrow has no JSON: it comes as text.
ALTER TABLE {table} ALTER COLUMN {column} TYPE jsonb USING {column}::jsonb
