-- Distinguishes a crash of Postgres from a broken connection. Postgres empties an unlogged table when it recovers from a crash, and keeps it over an
-- ordinary restart, so an id that is gone shows that the server has crashed since it was read.
-- +goose Up
CREATE UNLOGGED TABLE xforce.server_runs (
  only_row  BOOLEAN NOT NULL DEFAULT TRUE,
  id        UUID NOT NULL DEFAULT gen_random_uuid(),
  CONSTRAINT server_runs_pk PRIMARY KEY (only_row),
  CONSTRAINT server_runs_one_row CHECK (only_row)
);
