-- Keeps on whose behalf an operation reads and writes its collection's table, so that workers can take that role in Postgres.
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN principal      TEXT,  -- who started the operation, such as the id of a key; NULL for one of an earlier release
  ADD COLUMN caller_role    TEXT,  -- the role in Postgres; NULL for that of the service
  ADD COLUMN caller_claims  JSON;  -- the claims that policies read as the setting request.jwt.claims; never a token
