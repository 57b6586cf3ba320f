-- What those who watch a running Longshore need: which request began an operation. Since when a chunk is due stands in 0005, because each of
-- both tables is locked by the work in hand and is altered alone.
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN request_id  TEXT,  -- of the request that began it, for the logs
  ADD CONSTRAINT tasks_request_id_short CHECK (length(request_id) <= 128) NOT VALID;  -- no row has a value yet, so none needs to be read
