-- The rights of each role on the schema xforce, as small as the programs allow. migrate grants them after the migrations, to the
-- roles that LONGSHORE_API_ROLE, LONGSHORE_WORKER_ROLE and LONGSHORE_READER_ROLE name. A service compares them with its own rights
-- when it starts. To grant them by hand, as the owner of the schema, with a role of any name:
--   psql -v ON_ERROR_STOP=1 -v api=longshore_api -v worker=longshore_worker -v reader=longshore_reader -f grants.sql
--   psql -c "SELECT xforce.protect(t, 'longshore_api', 'longshore_worker', 'longshore_reader') FROM unnest('{tasks,task_chunks,task_outputs,
--     task_events,task_labels,held_chunks,upload_parts,upload_pieces}'::text[]) AS t"
-- The second command adds the policies of row-level security, without which a role sees no row of these tables.
-- Each statement concerns one object and one role. A table of a new migration needs a statement for each role that uses it. A right
-- that a release no longer needs stays until the release after it, because both run during an upgrade.
-- UPDATE of a single column is the right to lock rows: they are deleted in batches, and locked ones are skipped.

-- The api: it stages and accepts what clients send, cancels, prunes, and answers. It reads and writes no target table.
GRANT USAGE ON SCHEMA xforce TO :"api";
GRANT SELECT ON xforce.longshore_migrations TO :"api";
GRANT SELECT, INSERT, UPDATE, DELETE ON xforce.tasks TO :"api";
GRANT USAGE ON SEQUENCE xforce.task_numbers TO :"api";
GRANT SELECT, INSERT, UPDATE (task_id), DELETE ON xforce.task_chunks TO :"api";
GRANT SELECT ON xforce.task_progress TO :"api";
GRANT SELECT ON xforce.task_outputs TO :"api";
GRANT SELECT ON xforce.task_events TO :"api";
GRANT SELECT ON xforce.task_labels TO :"api";
GRANT SELECT, INSERT, UPDATE, DELETE ON xforce.upload_parts TO :"api";
GRANT SELECT (task_id, version, seq), INSERT, UPDATE (task_id), DELETE ON xforce.upload_pieces TO :"api";
GRANT SELECT, INSERT, DELETE ON xforce.held_chunks TO :"api";
GRANT SELECT, INSERT, UPDATE ON xforce.api_keys TO :"api";
GRANT SELECT, INSERT, UPDATE, DELETE ON xforce.api_tokens TO :"api";
GRANT SELECT, INSERT ON xforce.audit_log TO :"api";
GRANT SELECT, INSERT, UPDATE, DELETE ON xforce.tenant_limits TO :"api";
GRANT SELECT, INSERT, UPDATE ON xforce.usage TO :"api";
GRANT SELECT, INSERT ON xforce.collections TO :"api";

-- The workers and the janitor. They also need SELECT, INSERT and UPDATE on each target table: see deploy/postgres/roles.sql.
GRANT USAGE ON SCHEMA xforce TO :"worker";
GRANT SELECT ON xforce.longshore_migrations TO :"worker";
GRANT SELECT, UPDATE, DELETE ON xforce.tasks TO :"worker";
GRANT SELECT ON SEQUENCE xforce.task_numbers TO :"worker";
GRANT SELECT, INSERT, UPDATE, DELETE ON xforce.task_chunks TO :"worker";
GRANT SELECT, INSERT, UPDATE (task_id), DELETE ON xforce.task_progress TO :"worker";
GRANT SELECT, INSERT, UPDATE (task_id), DELETE ON xforce.task_outputs TO :"worker";
GRANT SELECT, UPDATE (task_id), DELETE ON xforce.task_events TO :"worker";
GRANT SELECT, UPDATE (task_id), DELETE ON xforce.upload_parts TO :"worker";
GRANT SELECT, UPDATE (task_id), DELETE ON xforce.upload_pieces TO :"worker";
GRANT SELECT, INSERT, UPDATE (owner), DELETE ON xforce.held_chunks TO :"worker";
GRANT SELECT, INSERT ON xforce.server_runs TO :"worker";
GRANT SELECT, UPDATE (entry_id), DELETE ON xforce.audit_log TO :"worker";
GRANT SELECT, UPDATE, DELETE ON xforce.usage TO :"worker";
GRANT SELECT ON xforce.collections TO :"worker";
GRANT SELECT, INSERT, UPDATE (target, keys), DELETE ON xforce.ledger TO :"worker";
GRANT SELECT, INSERT, UPDATE ON xforce.tools TO :"worker";

-- KEDA and people who look after operations: all about operations and the progress of their chunks, and nothing of what clients sent or
-- received: no records, no results, no requests, no files.
GRANT USAGE ON SCHEMA xforce TO :"reader";
GRANT SELECT ON xforce.longshore_migrations TO :"reader";
GRANT SELECT (task_id, task_reference, task_name, status, progress, total_records, imported_records, failed_records, error_message,
  is_active, created_at, updated_at, kind, collection, number, created_records, updated_records, superseded_records, total_chunks,
  done_chunks, lanes, sealed_at, started_at, finished_at, expires_at, poll_deadline, error_code, revision, labels, phase, retention,
  reclaimed_at, request_id, owner, traceparent, principal, caller_role, tenant, public_id, public_number, collection_version, write_options, warnings) ON xforce.tasks TO :"reader";
GRANT SELECT ON SEQUENCE xforce.task_numbers TO :"reader";
GRANT SELECT (task_id, seq, first_row, row_count, state, attempts, created_records, updated_records, superseded_records,
  failed_records, steps, stepped_at, kind, lost_attempts) ON xforce.task_chunks TO :"reader";
GRANT SELECT (progress_id, task_id, status, created_at, row_number) ON xforce.task_progress TO :"reader";
GRANT SELECT (task_id, stage, seq, row_count, byte_offset, byte_count) ON xforce.task_outputs TO :"reader";
GRANT SELECT ON xforce.task_events TO :"reader";
GRANT SELECT ON xforce.held_chunks TO :"reader";
GRANT SELECT (task_id, part, version, byte_count, created_at) ON xforce.upload_parts TO :"reader";
GRANT SELECT (task_id, version, seq, byte_count) ON xforce.upload_pieces TO :"reader";
GRANT SELECT (key_id, tenant, name, actions, collections, role, created_at, created_by, expires_at, revoked_at, last_used_at, limits)
  ON xforce.api_keys TO :"reader";
GRANT SELECT (token_id, kind, tenant, principal, key_id, actions, collections, role, operation, max_bytes, used_bytes, created_at, expires_at,
  ended_at) ON xforce.api_tokens TO :"reader";
GRANT SELECT ON xforce.audit_log TO :"reader";
GRANT SELECT ON xforce.tenant_limits TO :"reader";
GRANT SELECT ON xforce.usage TO :"reader";
GRANT SELECT ON xforce.collections TO :"reader";
GRANT SELECT (target, number, seq) ON xforce.ledger TO :"reader";
