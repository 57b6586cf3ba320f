-- The collections that are stored. A row is one version of a collection and never changes; the one with the greatest version is in
-- force. A version without a definition says that the collection was deleted.
-- +goose Up
CREATE TABLE xforce.collections (
  version     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant      TEXT NOT NULL,
  name        TEXT NOT NULL,
  definition  TEXT,
  from_folder BOOLEAN NOT NULL,
  created_by  TEXT NOT NULL,
  created_at  TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX collections_by_name ON xforce.collections (tenant, name, version);

COMMENT ON TABLE xforce.collections IS 'Versions of the stored collections; the one with the greatest version is in force.';
COMMENT ON COLUMN xforce.collections.version IS 'Number of the version. It is unique among all collections, and later versions have greater numbers.';
COMMENT ON COLUMN xforce.collections.tenant IS 'Tenant that uses the collection; * if all tenants use it.';
COMMENT ON COLUMN xforce.collections.definition IS 'The JSON Schema of the collection as it was sent; NULL if this version deleted the collection.';
COMMENT ON COLUMN xforce.collections.from_folder IS 'Whether the version comes from a folder of collection files.';
COMMENT ON COLUMN xforce.collections.created_by IS 'Principal that stored the version.';
