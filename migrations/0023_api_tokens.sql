-- Short tokens and sessions: credentials that a principal made for itself, with at most its own rights. Only the digest of the secret is
-- stored. They end with the key that made them.
-- +goose Up
CREATE TABLE xforce.api_tokens (
  token_id      TEXT PRIMARY KEY,  -- the part of the credential that is not secret
  kind          TEXT NOT NULL,     -- 'token' or 'session'
  tenant        TEXT NOT NULL,
  principal     TEXT NOT NULL,     -- the id of the principal who made it
  key_id        TEXT,              -- the key that made it; NULL if it was made with an issuer's token
  digest        BYTEA NOT NULL,    -- SHA-256 of the secret
  actions       TEXT[] NOT NULL,
  collections   TEXT[] NOT NULL,
  role          TEXT,
  claims        JSON,
  operation     UUID,              -- the only operation whose events it may read; NULL for no such limit
  max_bytes     BIGINT,            -- how many bytes of bodies may be sent with it; NULL for no limit
  used_bytes    BIGINT NOT NULL DEFAULT 0,
  created_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
  expires_at    TIMESTAMPTZ NOT NULL,
  ended_at      TIMESTAMPTZ,       -- when a session was closed
  CONSTRAINT api_tokens_digest_length CHECK (octet_length(digest) = 32),
  CONSTRAINT api_tokens_used_bytes CHECK (used_bytes BETWEEN 0 AND max_bytes)
);
CREATE INDEX api_tokens_by_expiry ON xforce.api_tokens (expires_at);
