-- For monitoring: the time since which a chunk is due. The column is added if it does not exist, because 0004 contained it during development.
-- +goose Up
ALTER TABLE xforce.task_chunks
  ADD COLUMN IF NOT EXISTS stepped_at  TIMESTAMP;  -- when its last step was committed, which is when the next chunk of its lane, or its own next step, became due
