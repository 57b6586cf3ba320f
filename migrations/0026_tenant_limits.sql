-- How much the principals of a tenant may use together. A tenant without a row has the limits of the configuration.
-- +goose Up
CREATE TABLE xforce.tenant_limits (
  tenant      TEXT PRIMARY KEY,
  limits      JSON NOT NULL,  -- numbers by name; a limit that is missing does not exist
  updated_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);
