package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestRowSecurity: statements of the api without the condition of the tenant reach the rows of the
// transaction's tenants only; those of the workers reach all. A row of another tenant can't be added.
func TestRowSecurity(t *testing.T) {
	t.Parallel()
	c := newClients(t)
	for _, tenant := range []string{access.DefaultTenant, "a", "b"} {
		c.finished(t, tenant)
		c.rejected(t, tenant)
		c.multipart(t, tenant)
		entry := store.AuditEntry{At: time.Now(), Tenant: tenant, PrincipalKind: access.Key, Principal: "k", Action: "search", Method: "POST", Route: "/search", Status: 202}
		if err := c.store.WriteAudit(t.Context(), []store.AuditEntry{entry}); err != nil {
			t.Fatal(err)
		}
	}
	c.exec(t, `INSERT INTO xforce.held_chunks (owner, kind, task_id, seq) SELECT 'x', 'search:step', task_id, 0 FROM xforce.tasks WHERE kind = 'search'`)
	api := storetest.Connect(t, storetest.As(t, c.url, grants.API))
	worker := storetest.Connect(t, storetest.As(t, c.url, grants.Worker))
	for _, table := range grants.ProtectedTables() {
		all := c.count(t, `SELECT count(*) FROM xforce.`+table)
		if all == 0 || all%3 != 0 {
			t.Fatalf("xforce.%s has %d rows, want some of each of the three tenants", table, all)
		}
		count := `SELECT count(*) FROM xforce.` + table
		for setting, want := range map[string]int{
			`{"a"}`: all / 3, `{"a","b"}`: 2 * all / 3, `{}`: 0, `{"nobody"}`: 0,
			"": all / 3, // a program of the release before tenants: it knows the default tenant
		} {
			t.Run(table+" "+setting, func(t *testing.T) {
				if got := countAs(t, api, setting, count); got != want {
					t.Errorf("the api counts %d rows, want %d", got, want)
				}
			})
		}
		if table == "task_labels" { // workers don't read it
			continue
		}
		if got := countAs(t, worker, "", count); got != all {
			t.Errorf("a worker counts %d rows of xforce.%s, want %d", got, table, all)
		}
	}
	id := c.accept(t, "b", uuid.Nil).ID
	for name, statement := range map[string]string{
		"operation": `INSERT INTO xforce.tasks (task_id, task_reference, kind, status, tenant, public_id) VALUES (gen_random_uuid(), 'X', 'import', 'receiving', 'b', gen_random_uuid())`,
		"chunk":     `INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload) VALUES ('` + id.String() + `', 9, 1, 0, '')`,
		"moved":     `UPDATE xforce.tasks SET tenant = 'b', public_id = gen_random_uuid() WHERE tenant = 'a'`,
	} {
		t.Run("add "+name, func(t *testing.T) {
			err := pgx.BeginFunc(t.Context(), api, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), `SELECT set_config('longshore.tenants', '{a}', true)`); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
			if err == nil {
				t.Errorf("the api of tenant a added a row to tenant b, want an error")
			}
		})
	}
}

func countAs(t *testing.T, conn *pgx.Conn, tenants, query string) (n int) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT set_config('longshore.tenants', $1, true)`, tenants); err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), query).Scan(&n)
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// TestWorkersWithRowSecurity: the statements of the workers work with the policies, above all those
// that write rejected records.
func TestWorkersWithRowSecurity(t *testing.T) {
	t.Parallel()
	c := newClients(t)
	c.store = storetest.Open(t, storetest.As(t, c.url, grants.Worker), store.Options{Application: t.Name(), MaxConns: 4, Role: grants.Worker})
	for _, tenant := range []string{access.DefaultTenant, "a"} {
		op := c.rejected(t, tenant)
		var got []string
		err := c.api.Rejections(as(t, tenant), op.ID, 0, func(r operation.Rejection) error {
			got = append(got, fmt.Sprintf("%d %s %s", r.Row, r.Received, r.Reasons[0].Code))
			return nil
		})
		if want := `[1 {"n":"x"} type]`; err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: rejections = %v, %v, want %s", tenant, got, err, want)
		}
	}
	if loads, err := c.api.Backlog(context.Background(), 10); err != nil || len(loads) != 0 {
		t.Errorf("Backlog() = %v, %v, want none", loads, err)
	}
	c.accept(t, "a", uuid.Nil)
	c.accept(t, "b", uuid.Nil)
	if loads, err := c.api.Backlog(as(t, "a"), 10); err != nil || len(loads) != 2 {
		t.Errorf("Backlog() = %v, %v, want that of all tenants", loads, err)
	}
	if ids, err := c.store.Expire(t.Context(), 10); err != nil || len(ids) != 0 {
		t.Errorf("Expire() = %v, %v, want none", ids, err)
	}
}
