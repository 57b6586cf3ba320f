-- Row-level security between tenants: a second wall, should a statement of the api lack the condition of the tenant. migrate adds the policies
-- after the migrations and turns it on, because it knows the names of the roles: see package grants. The owner of the tables and superusers
-- bypass it.
-- +goose Up

-- The tenants of a transaction of the api: the setting longshore.tenants. Programs of the release before do not set it; they know the tenant
-- "default" only.
-- +goose StatementBegin
CREATE FUNCTION xforce.visible_tenants() RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('longshore.tenants', true), ''), '{default}')::text[]
$$;
-- +goose StatementEnd

-- Whether the caller may see the operation of a row of another table. The policy of xforce.tasks decides. Functions, because the planner
-- could read all operations for a subquery.
-- +goose StatementBegin
CREATE FUNCTION xforce.sees_operation(id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM xforce.tasks t WHERE t.task_id = id)
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION xforce.sees_number(of_operation bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM xforce.tasks t WHERE t.number = of_operation)
$$;
-- +goose StatementEnd

-- Adds the missing policies to a table, and turns row-level security on once the api and the workers have theirs. A role that is NULL gets
-- none. It changes nothing, and locks nothing, if all are there.
-- +goose StatementBegin
CREATE FUNCTION xforce.protect(protected text, api text, worker text, reader text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mine text := CASE protected
    WHEN 'tasks' THEN 'tenant = ANY ((SELECT xforce.visible_tenants())::text[])'
    WHEN 'task_labels' THEN 'xforce.sees_number(number)'
    ELSE 'xforce.sees_operation(task_id)' END;
  granted record;
BEGIN
  FOR granted IN SELECT * FROM (VALUES ('api', api, mine), ('worker', worker, 'true'), ('reader', reader, 'true')) AS r (kind, name, condition)
    WHERE r.name IS NOT NULL
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_catalog.pg_policies p WHERE p.schemaname = 'xforce' AND p.tablename = protected
      AND p.policyname = left(granted.kind || ' ' || granted.name, 63));
    EXECUTE format('CREATE POLICY %I ON xforce.%I TO %I USING (%s)', left(granted.kind || ' ' || granted.name, 63), protected, granted.name,
      granted.condition);
  END LOOP;
  IF NOT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = ('xforce.' || protected)::regclass)
    AND 2 = (SELECT count(DISTINCT split_part(p.policyname, ' ', 1)) FROM pg_catalog.pg_policies p
      WHERE p.schemaname = 'xforce' AND p.tablename = protected AND split_part(p.policyname, ' ', 1) IN ('api', 'worker'))
  THEN
    EXECUTE format('ALTER TABLE xforce.%I ENABLE ROW LEVEL SECURITY', protected);
  END IF;
END $$;
-- +goose StatementEnd

-- What the api reads of all tenants: places in the order of acceptance and the load of the queues. They have the rights of the owner, and
-- return nothing that belongs to a client.
-- +goose StatementBegin
CREATE FUNCTION xforce.accepted_between(created_from timestamp, created_before timestamp, OUT above bigint, OUT below bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT
  coalesce((SELECT number FROM xforce.tasks WHERE number % 64 = 0 AND sealed_at < created_from - interval '5 seconds'
    ORDER BY sealed_at DESC, number DESC LIMIT 1), 0),
  coalesce((SELECT number FROM xforce.tasks WHERE number % 64 = 0 AND sealed_at > created_before + interval '6 seconds'
    ORDER BY sealed_at, number LIMIT 1), 9223372036854775807)
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION xforce.accepted_late(of_tenant text, at timestamp, max_rows int) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT number FROM xforce.tasks
WHERE NOT (sealed_at - created_at BETWEEN interval '0' AND interval '1 second') -- the condition of the partial index
  AND tsrange(least(created_at, sealed_at), greatest(created_at, sealed_at), '[]') @> at AND number IS NOT NULL AND tenant = of_tenant
LIMIT max_rows
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION xforce.backlog(max_rows int, min_measured interval)
RETURNS TABLE (kind text, number bigint, queued int, remaining int, speed float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
-- Materialized, because there are few live operations among many, and a planner that prefers the order of numbers reads them all.
WITH live AS MATERIALIZED (
  SELECT t.task_id, t.kind, t.number, t.lanes, greatest(t.total_chunks - t.done_chunks, 1) AS remaining, t.done_chunks,
    greatest(extract(epoch FROM clock_timestamp() - t.started_at), extract(epoch FROM min_measured)) AS seconds
  FROM xforce.tasks t
  WHERE t.status IN ('waiting', 'running')) -- the condition of the partial index
SELECT live.kind, live.number, greatest(least(live.lanes, live.remaining) - coalesce(held.chunks, 0), 0), live.remaining,
  CASE WHEN live.seconds IS NULL THEN 0 ELSE coalesce(resumable.steps, live.done_chunks) / live.seconds END::float8
FROM live
LEFT JOIN (SELECT task_id, count(*)::int AS chunks FROM xforce.held_chunks GROUP BY task_id) held USING (task_id)
LEFT JOIN xforce.task_chunks resumable ON live.kind <> 'import' AND resumable.task_id = live.task_id AND resumable.seq = 0
ORDER BY live.number LIMIT max_rows
$$;
-- +goose StatementEnd
