-- When the current run of Postgres began: an operation that started before it may contain the record that crashed Postgres, so its attempts
-- are written to disk.
-- +goose Up
ALTER TABLE xforce.server_runs
  ADD COLUMN begun_at  TIMESTAMP NOT NULL DEFAULT clock_timestamp();
