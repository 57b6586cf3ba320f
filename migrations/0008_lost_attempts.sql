-- Counts the attempts that ended with a crash of Postgres which Postgres did not announce, so that a record that crashes its server is given up.
-- +goose Up
ALTER TABLE xforce.task_chunks
  ADD COLUMN lost_attempts  INT NOT NULL DEFAULT 0;  -- how many of the attempts lost their session in a crash that this chunk may have caused
