-- Keeps the trace context of the request that started an operation, so that every step, retry and rescue belongs to its trace.
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN traceparent  VARCHAR(55);  -- W3C Trace Context, as in the header traceparent; NULL for an operation that is not traced
