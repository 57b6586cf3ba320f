-- Keys with which programs send requests. Only the digest of a key's secret is stored.
-- +goose Up
CREATE TABLE xforce.api_keys (
  key_id        TEXT PRIMARY KEY,  -- the part of the key that is not secret
  tenant        TEXT NOT NULL,
  name          TEXT NOT NULL DEFAULT '',
  digest        BYTEA NOT NULL,    -- SHA-256 of the secret
  actions       TEXT[] NOT NULL,
  collections   TEXT[] NOT NULL,   -- names, and beginnings of names with * at the end
  role          TEXT,              -- the role in Postgres for collections that are used with the role of their caller
  claims        JSON,
  created_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
  created_by    TEXT NOT NULL,     -- the id of the key that made it; "command" for the command line
  expires_at    TIMESTAMPTZ,
  revoked_at    TIMESTAMPTZ,
  last_used_at  TIMESTAMPTZ,       -- exact to the minute
  CONSTRAINT api_keys_digest_length CHECK (octet_length(digest) = 32)
);
CREATE INDEX api_keys_by_tenant ON xforce.api_keys (tenant, created_at);
