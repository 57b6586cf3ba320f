-- How much a key may use, within the limits of its tenant.
-- +goose Up
ALTER TABLE xforce.api_keys
  ADD COLUMN limits  JSON;
