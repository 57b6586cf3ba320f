-- Binds an operation to the version of its collection with which it was accepted.
-- +goose Up
ALTER TABLE xforce.tasks ADD COLUMN collection_version BIGINT;

COMMENT ON COLUMN xforce.tasks.collection_version IS
  'Version of the collection in xforce.collections with which the operation was accepted; NULL if the collection was not stored.';
