package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestOpenChecksRights: the error for a role that lacks a right names the right and what grants it.
func TestOpenChecksRights(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		role   grants.Role
		revoke string
		want   []string
	}{
		{"api", grants.API, "", nil},
		{"worker", grants.Worker, "", nil},
		{"reader", grants.Reader, "", nil},
		{"table", grants.API, "INSERT ON xforce.task_chunks", []string{"lacks INSERT ON xforce.task_chunks:", "LONGSHORE_API_ROLE=longshore_test_api"}},
		{"column", grants.API, "SELECT (version) ON xforce.upload_pieces", []string{"lacks SELECT (version) ON xforce.upload_pieces:"}},
		{"sequence", grants.Worker, "SELECT ON SEQUENCE xforce.task_numbers", []string{"lacks SELECT ON xforce.task_numbers:", "LONGSHORE_WORKER_ROLE=longshore_test_worker"}},
		{"schema", grants.Worker, "USAGE ON SCHEMA xforce", []string{"lacks USAGE ON SCHEMA xforce:"}},
		{"versions", grants.Worker, "SELECT ON xforce.longshore_migrations", []string{"lacks SELECT ON xforce.longshore_migrations:"}},
		{"two", grants.API, "SELECT, UPDATE ON xforce.tasks", []string{"lacks SELECT ON xforce.tasks, UPDATE ON xforce.tasks:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if tt.revoke != "" {
				f.exec(t, "REVOKE "+tt.revoke+" FROM "+storetest.RoleName(tt.role))
			}
			s, err := store.Open(t.Context(), storetest.As(t, f.url, tt.role), store.Options{Schema: migrations.Latest(), Role: tt.role})
			if err == nil {
				s.Close()
			}
			if lacks, ok := errors.AsType[*store.RightsError](err); ok != (tt.want != nil) || ok && len(lacks.Rights) == 0 {
				t.Fatalf("Open() without %q = %v, want a RightsError: %t", tt.revoke, err, tt.want != nil)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Open() without %s = %v, want %q in it", tt.revoke, err, want)
				}
			}
		})
	}
}

// TestRolesAreRefused: what a role does not need is refused.
func TestRolesAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec(t, `CREATE TABLE public.books (id TEXT PRIMARY KEY)`)
	for role, statements := range map[grants.Role][]string{
		grants.API: {
			`INSERT INTO xforce.tools (tool_id, tool_name, category) VALUES ('a', 'a', 'a')`,
			`UPDATE xforce.tools SET tool_name = 'a'`, `SELECT * FROM xforce.tools`,
			`INSERT INTO public.books VALUES ('a')`, `SELECT * FROM public.books`,
			`INSERT INTO xforce.task_events SELECT * FROM xforce.task_events`, `DELETE FROM xforce.task_events`,
			`UPDATE xforce.task_chunks SET outcomes = ''`, `SELECT payload FROM xforce.upload_pieces`,
			`INSERT INTO xforce.task_progress SELECT * FROM xforce.task_progress`, `DELETE FROM xforce.task_outputs`,
		},
		grants.Worker: {
			`DELETE FROM public.books`, `TRUNCATE public.books`, `DELETE FROM xforce.tools`,
			`INSERT INTO xforce.tasks SELECT * FROM xforce.tasks`, `SELECT nextval('xforce.task_numbers')`,
			`INSERT INTO xforce.upload_parts SELECT * FROM xforce.upload_parts`, `UPDATE xforce.upload_pieces SET payload = ''`,
			`INSERT INTO xforce.task_events SELECT * FROM xforce.task_events`,
		},
		grants.Reader: {
			`SELECT * FROM xforce.tasks`, `SELECT request FROM xforce.tasks`, `SELECT result FROM xforce.tasks`,
			`SELECT payload FROM xforce.task_chunks`, `SELECT outcomes FROM xforce.task_chunks`, `SELECT cursor FROM xforce.task_chunks`,
			`SELECT record FROM xforce.task_progress`, `SELECT received FROM xforce.task_progress`, `SELECT reasons FROM xforce.task_progress`,
			`SELECT payload FROM xforce.task_outputs`, `SELECT payload FROM xforce.upload_pieces`,
			`SELECT * FROM xforce.tools`, `SELECT * FROM public.books`,
			`UPDATE xforce.tasks SET status = 'failed'`, `DELETE FROM xforce.tasks`, `DELETE FROM xforce.task_events`,
		},
		grants.Owner: {`CREATE TABLE public.other (id INT)`, `CREATE SCHEMA other`, `CREATE ROLE longshore_test_other`, `COPY xforce.tasks TO PROGRAM 'true'`},
	} {
		if role != grants.Owner {
			statements = append(statements,
				`CREATE TABLE xforce.other (id INT)`, `ALTER TABLE xforce.tasks ADD COLUMN other INT`, `UPDATE xforce.longshore_migrations SET version_id = 1`,
				`TRUNCATE xforce.tasks`, `CREATE FUNCTION xforce.other() RETURNS INT LANGUAGE sql AS 'SELECT 1'`)
		}
		t.Run(string(role), func(t *testing.T) {
			conn := storetest.Connect(t, storetest.As(t, f.url, role))
			for _, statement := range statements {
				_, err := conn.Exec(t.Context(), statement)
				const insufficientPrivilege = "42501"
				if fromServer, ok := errors.AsType[*pgconn.PgError](err); !ok || fromServer.Code != insufficientPrivilege {
					t.Errorf("%s = %v, want SQLSTATE %s", statement, err, insufficientPrivilege)
				}
			}
		})
	}
}

// TestReaderReadsOperations: what the documentation for operators shows works with the role for people.
func TestReaderReadsOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	conn := storetest.Connect(t, storetest.As(t, f.url, grants.Reader))
	for _, query := range []string{
		`SELECT status, total_records, imported_records, failed_records, done_chunks, total_chunks, error_code, error_message FROM xforce.tasks`,
		`SELECT seq, state, attempts, stepped_at FROM xforce.task_chunks WHERE attempts > 1`,
		`SELECT status, count(*) FROM xforce.tasks GROUP BY 1`,
		`SELECT * FROM xforce.task_events`,
		`SELECT last_value FROM xforce.task_numbers`,
		`SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relnamespace = 'xforce'::regnamespace AND relkind = 'r'`,
	} {
		if _, err := conn.Exec(t.Context(), query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}
