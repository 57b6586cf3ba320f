-- Shares the queues fairly between clients: each has a limited number of entries in a queue, and its other due chunks are held.
-- The indexes are built while the services write; an attempt that failed leaves an invalid index, which the next one drops.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE xforce.tasks
  ADD COLUMN IF NOT EXISTS owner  TEXT;  -- the client that started it, with whom no other client shares a place in the queues; NULL: no owner

-- The due chunks of clients whose share of a queue is used up. A worker that finishes a step of an owner takes the first of them. The rows are
-- no truth: without its row, a due chunk is dispatched.
CREATE TABLE IF NOT EXISTS xforce.held_chunks (
  owner     TEXT NOT NULL,
  kind      TEXT NOT NULL,    -- of the work: import:chunk, import:split, search:step, report:step
  position  BIGINT GENERATED ALWAYS AS IDENTITY,
  task_id   UUID NOT NULL,
  seq       INT NOT NULL,
  CONSTRAINT held_chunks_pk PRIMARY KEY (owner, kind, position),
  CONSTRAINT held_chunks_once UNIQUE (task_id, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- The unfinished operations of an owner, and those of a kind in the order of acceptance.
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_of_owner;
CREATE INDEX CONCURRENTLY tasks_of_owner ON xforce.tasks (owner, kind, number) WHERE status IN ('waiting', 'running') AND owner IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_live;
CREATE INDEX CONCURRENTLY tasks_live ON xforce.tasks (kind, number) WHERE status IN ('waiting', 'running');
