-- Since when a chunk is due, for those who watch a running Longshore. While it was being developed, 0004 had it.
-- +goose Up
ALTER TABLE xforce.task_chunks
  ADD COLUMN IF NOT EXISTS stepped_at  TIMESTAMP;  -- when its last step was committed: the next of its lane, or its own next step, is due since then
