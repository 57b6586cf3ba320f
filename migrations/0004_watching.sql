-- For monitoring: which request started an operation. The time since which a chunk is due follows in 0005, because running steps lock both
-- tables, and a migration must alter only one of them.
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN request_id  TEXT,  -- of the request that started it, for the logs
  ADD CONSTRAINT tasks_request_id_short CHECK (length(request_id) <= 128) NOT VALID;  -- no row has a value yet, so none needs to be read
