-- The trigger writes events with the rights of the owner, so that no service needs the right to write them. The path keeps other
-- schemas from replacing what the function calls.
-- +goose Up
ALTER FUNCTION xforce.keep_event() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
