-- Creates Longshore's roles in Postgres and gives the schema xforce to the owner. Run it with psql 15 or newer as an administrator, in
-- the database of Longshore, before the first migrate; a second run changes nothing:
--   psql -v ON_ERROR_STOP=1 -d longshore -f roles.sql
--   LONGSHORE_OWNER_ROLE=blue_owner LONGSHORE_API_ROLE=blue_api … psql …        names of your own
-- A role gets the password in LONGSHORE_OWNER_PASSWORD, LONGSHORE_API_PASSWORD, LONGSHORE_WORKER_PASSWORD or LONGSHORE_READER_PASSWORD,
-- if it is set. Without one: \password longshore_api. The roles get their rights from migrate, which needs the names of the last three:
-- LONGSHORE_API_ROLE, LONGSHORE_WORKER_ROLE, LONGSHORE_READER_ROLE (migrations/grants/grants.sql).

\set owner longshore_owner
\getenv owner LONGSHORE_OWNER_ROLE
\set api longshore_api
\getenv api LONGSHORE_API_ROLE
\set worker longshore_worker
\getenv worker LONGSHORE_WORKER_ROLE
\set reader longshore_reader
\getenv reader LONGSHORE_READER_ROLE
\set owner_password ''
\getenv owner_password LONGSHORE_OWNER_PASSWORD
\set api_password ''
\getenv api_password LONGSHORE_API_PASSWORD
\set worker_password ''
\getenv worker_password LONGSHORE_WORKER_PASSWORD
\set reader_password ''
\getenv reader_password LONGSHORE_READER_PASSWORD

-- owner: migrate. api: the api. worker: importer, searcher, reporter, janitor. reader: KEDA and people.
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY[:'owner', :'api', :'worker', :'reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', name, password) FROM (VALUES (:'owner', :'owner_password'), (:'api', :'api_password'),
  (:'worker', :'worker_password'), (:'reader', :'reader_password')) AS roles (name, password) WHERE password <> '' \gexec
ALTER ROLE :"reader" SET default_transaction_read_only = on;
-- So that migrate can name the session that keeps it waiting.
SELECT format('GRANT pg_read_all_stats TO %I', :'owner') FROM pg_roles WHERE rolname = current_user AND rolsuper \gexec
GRANT CONNECT ON DATABASE :"DBNAME" TO :"owner", :"api", :"worker", :"reader";

-- Only a member of the owner can give it something, unless the administrator is a superuser.
SELECT format('GRANT %I TO CURRENT_USER', :'owner') FROM pg_roles WHERE rolname = current_user AND NOT rolsuper \gexec
CREATE SCHEMA IF NOT EXISTS xforce;
ALTER SCHEMA xforce OWNER TO :"owner";

-- An installation whose programs share one role: the owner gets what exists, and that role becomes a member of the owner, so that running
-- programs go on. A running step may lock a table for longer than this: then run the file again.
SET lock_timeout = '10s';
SELECT DISTINCT format('GRANT %I TO %I', :'owner', r.rolname) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE c.relnamespace = 'xforce'::regnamespace AND r.rolname NOT IN (:'owner', current_user) AND NOT r.rolsuper \gexec
SELECT format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, :'owner') FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE c.relnamespace = 'xforce'::regnamespace AND c.relkind IN ('r', 'p') AND r.rolname <> :'owner' \gexec
SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, :'owner') FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
WHERE p.pronamespace = 'xforce'::regnamespace AND r.rolname <> :'owner' \gexec
SELECT format('GRANT SELECT ON public.longshore_migrations TO %I', :'owner') FROM pg_tables
WHERE schemaname = 'public' AND tablename = 'longshore_migrations' \gexec

-- The target table of each collection of your own, as its owner, here public.books:
--   GRANT SELECT, INSERT, UPDATE ON public.books TO longshore_worker;
-- If a default of a column takes a number from a sequence, as serial does:
--   GRANT USAGE ON SEQUENCE public.books_id_seq TO longshore_worker;
-- If it refers to other tables, so that refused records are found faster:
--   GRANT SELECT ON public.authors TO longshore_worker;
-- If it is in another schema than public, to read the definitions of the columns too:
--   GRANT USAGE ON SCHEMA library TO longshore_worker, longshore_api;
