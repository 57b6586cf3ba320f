-- Descriptions of two columns, in the terms that the documents use.
-- +goose Up
COMMENT ON COLUMN xforce.tasks.expires_at IS
  'of a tombstone: when it expired or was pruned; of a multipart upload that is receiving: when it is dropped';
COMMENT ON COLUMN xforce.tasks.poll_deadline IS 'when the operation times out unless it is polled; NULL if it need not be polled';
