-- Indexes with which a list by any filter reads a bounded number of rows, however many operations are finished.
-- They are built while the services write; an attempt that failed leaves an invalid index, which the next one drops.
-- +goose NO TRANSACTION
-- +goose Up

-- The lists of clients: every kind and state has its operations, the last accepted first, and no tombstones. The expression (- number)
-- instead of number keeps the planner from reading tasks_number_unique instead, which has the operations of all kinds and states.
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_listed;
CREATE INDEX CONCURRENTLY tasks_listed ON xforce.tasks (kind, status, (- number)) WHERE is_active AND status <> 'receiving';
-- The same for each collection, of finished operations only: an operation is written into this index once.
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_listed_by_collection;
CREATE INDEX CONCURRENTLY tasks_listed_by_collection ON xforce.tasks (collection, kind, status, (- number))
  WHERE is_active AND status IN ('succeeded', 'failed', 'cancelled', 'timed_out');

-- From a time to a number: numbers and sealed_at ascend together, so one operation of 64 is enough.
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_acceptance;
CREATE INDEX CONCURRENTLY tasks_acceptance ON xforce.tasks (sealed_at, number) WHERE number % 64 = 0;
-- The operations whose created_at is far from their sealed_at, such as long uploads: which of them were in receipt at a given time?
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_slow_receipt;
CREATE INDEX CONCURRENTLY tasks_slow_receipt ON xforce.tasks USING gist (tsrange(least(created_at, sealed_at), greatest(created_at, sealed_at), '[]'))
  WHERE NOT (sealed_at - created_at BETWEEN interval '0' AND interval '1 second');
