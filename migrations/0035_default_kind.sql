-- A row of xforce.tasks with the columns of seed 000 only is one of an import.
-- +goose Up
ALTER TABLE xforce.tasks ALTER COLUMN kind SET DEFAULT 'import';
