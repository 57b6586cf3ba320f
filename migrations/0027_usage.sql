-- What was used each day (UTC), by tenants and keys that have limits.
-- +goose Up
CREATE TABLE xforce.usage (
  tenant    TEXT NOT NULL,
  key_id    TEXT NOT NULL,  -- '' for the whole tenant
  day       DATE NOT NULL,
  requests  BIGINT NOT NULL DEFAULT 0,
  bytes     BIGINT NOT NULL DEFAULT 0,
  records   BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, key_id, day)
);
