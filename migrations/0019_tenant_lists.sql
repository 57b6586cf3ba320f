-- Indexes with which the lists of a tenant read a bounded number of rows, however many operations other tenants have. Those of 0011 without
-- the tenant stay for the programs of the previous release. NULLS LAST keeps the planner from reading tasks_number_unique instead, which has
-- the operations of all tenants: it can't return them in this order. Other than the expression of 0011, the column itself can be a condition
-- of an index scan also where row-level security is active.
-- They are built while the services write; an attempt that failed leaves an invalid index, which the next one drops.
-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_listed_by_tenant;
CREATE INDEX CONCURRENTLY tasks_listed_by_tenant ON xforce.tasks (tenant, kind, status, number DESC NULLS LAST)
  WHERE is_active AND status <> 'receiving';
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_listed_by_tenant_collection;
CREATE INDEX CONCURRENTLY tasks_listed_by_tenant_collection ON xforce.tasks (tenant, collection, kind, status, number DESC NULLS LAST)
  WHERE is_active AND status IN ('succeeded', 'failed', 'cancelled', 'timed_out');

-- The operation with a public number.
DROP INDEX CONCURRENTLY IF EXISTS xforce.tasks_public_number;
CREATE UNIQUE INDEX CONCURRENTLY tasks_public_number ON xforce.tasks (tenant, public_number) WHERE public_number IS NOT NULL;
