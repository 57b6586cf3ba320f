-- Lets records that a foreign key refuses wait for their parents. A chunk with such records is 'awaiting': its step is committed
-- but for these records, whose outcome is unprocessed. Programs of the previous release process chunks that are 'pending' only.
-- The index is built while the services write; an attempt that failed leaves an invalid one, which the next attempt drops.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE xforce.task_chunks
  DROP CONSTRAINT IF EXISTS task_chunks_state_known,
  DROP CONSTRAINT IF EXISTS task_chunks_counted,
  ADD CONSTRAINT task_chunks_state_known CHECK (state IN ('pending', 'awaiting', 'done')) NOT VALID,  -- less strict, so no row needs to be read
  ADD CONSTRAINT task_chunks_counted CHECK (CASE state
    WHEN 'pending' THEN TRUE
    WHEN 'awaiting' THEN created_records + updated_records + superseded_records + failed_records < row_count
    ELSE created_records + updated_records + superseded_records + failed_records = row_count END) NOT VALID;

DROP INDEX CONCURRENTLY IF EXISTS xforce.task_chunks_awaiting;
CREATE INDEX CONCURRENTLY task_chunks_awaiting ON xforce.task_chunks (task_id, seq) WHERE state = 'awaiting';
