-- What a request for an import said about how its records are written.
-- +goose Up
ALTER TABLE xforce.tasks ADD COLUMN write_options JSON;

COMMENT ON COLUMN xforce.tasks.write_options IS
  'How the records of an import are written, where the request says something else than the collection; NULL otherwise.';
