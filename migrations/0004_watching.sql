-- What those who watch a running Longshore need: which request began an operation, and since when a chunk is due.
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN request_id  TEXT,  -- of the request that began it, for the logs
  ADD CONSTRAINT tasks_request_id_short CHECK (length(request_id) <= 128);

ALTER TABLE xforce.task_chunks
  ADD COLUMN stepped_at  TIMESTAMP;  -- when its last step was committed: the next of its lane, or its own next step, is due since then
