-- Lets xforce.protect add the policies of the audit log, the table of the next migration.
-- +goose Up

-- Adds the missing policies to a table, and turns row-level security on once the api and the workers have theirs. A role that is NULL gets
-- none. It changes nothing, and locks nothing, if all are there.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION xforce.protect(protected text, api text, worker text, reader text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mine text := CASE protected
    WHEN 'audit_log' THEN 'tenant = ANY ((SELECT xforce.visible_tenants())::text[])'
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
