CREATE TABLE IF NOT EXISTS warehouse.migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE warehouse.migrations IS 'Changes of this schema, as applied';
COMMENT ON COLUMN warehouse.migrations.name IS 'File in warehouse/migrations';
COMMENT ON COLUMN warehouse.migrations.applied_at IS 'When it was applied';
