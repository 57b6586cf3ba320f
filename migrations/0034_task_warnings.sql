-- What an import has met that the maintainer of the table should correct, although no record failed because of it.
-- +goose Up
ALTER TABLE xforce.tasks ADD COLUMN warnings TEXT[];

COMMENT ON COLUMN xforce.tasks.warnings IS
  'Distinct warnings of the steps of an import, such as a sequence that could not be advanced; NULL without any.';
