package session_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/store/internal/session"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestSettings: whatever a DBA has set for the role or the database, a transaction and a single
// statement have the settings that the service was started with.
func TestSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, setting, set, want string
	}{
		// The DBA's value applies to the statement that changes it, so it must not be short.
		{"statement timeout", "statement_timeout", "3min", "15s"},
		{"lock timeout", "lock_timeout", "3min", "0"},
		{"timeout of an idle transaction", "idle_in_transaction_session_timeout", "1ms", "10s"},
		{"no timeout of an idle transaction", "idle_in_transaction_session_timeout", "0", "10s"},
		{"commit without durability", "synchronous_commit", "off", "on"},
		{"commit on this server only", "synchronous_commit", "local", "on"},
		{"commit in the memory of the standby", "synchronous_commit", "remote_write", "on"},
		{"commit that the standby has applied", "synchronous_commit", "remote_apply", "remote_apply"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			database := newDatabase(t)
			conn := storetest.Connect(t, database)
			set := `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET ` + tt.setting + ` = %L', current_database(), '` + tt.set + `'); END $$`
			if _, err := conn.Exec(t.Context(), set); err != nil {
				t.Fatal(err)
			}
			pool := open(t, database, session.Options{FrozenAfter: 10 * time.Second, Statement: 15 * time.Second})
			var single, inTx string
			show := "SELECT current_setting('" + tt.setting + "')"
			if err := pool.QueryRow(t.Context(), show).Scan(&single); err != nil || single != tt.want {
				t.Errorf("%s of a single statement = %q (%v), want %q", tt.setting, single, err, tt.want)
			}
			err := pool.InTx(t.Context(), func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), show).Scan(&inTx) })
			if err != nil || inTx != tt.want {
				t.Errorf("%s in a transaction = %q (%v), want %q", tt.setting, inTx, err, tt.want)
			}
		})
	}
}

// TestDefaultsOfTransactions: the DBA's defaults for transactions do not fail writes.
func TestDefaultsOfTransactions(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	conn := storetest.Connect(t, database)
	const set = `DO $$ BEGIN
EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database());
EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
END $$`
	if _, err := conn.Exec(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	pool := open(t, database, session.Options{})
	var isolation, readOnly string
	err := pool.InTx(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')").Scan(&isolation, &readOnly)
	})
	if err != nil || isolation != "read committed" || readOnly != "off" {
		t.Errorf("a transaction is %s, read only %s (%v), want read committed, off", isolation, readOnly, err)
	}
}

// TestSingleStatements: errors of the statement and of its commit are returned.
func TestSingleStatements(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	pool := open(t, database, session.Options{MaxConns: 1})
	const tables = `CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)`
	if _, err := storetest.Connect(t, database).Exec(t.Context(), tables); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		run  func(ctx context.Context) error
		fail bool
	}{
		{"exec", func(ctx context.Context) error { _, err := pool.Exec(ctx, "INSERT INTO p VALUES ($1)", 1); return err }, false},
		{"exec that violates", func(ctx context.Context) error { _, err := pool.Exec(ctx, "INSERT INTO p VALUES ($1)", 1); return err }, true},
		{"exec whose commit fails", func(ctx context.Context) error { _, err := pool.Exec(ctx, "INSERT INTO c VALUES ($1)", 9); return err }, true},
		{"row whose commit fails", func(ctx context.Context) error {
			var n int
			return pool.QueryRow(ctx, "INSERT INTO c VALUES ($1) RETURNING p", 9).Scan(&n)
		}, true},
		{"rows whose commit fails", func(ctx context.Context) error {
			rows, err := pool.Query(ctx, "INSERT INTO c VALUES ($1) RETURNING p", 9)
			if err != nil {
				return err
			}
			_, err = pgx.CollectRows(rows, pgx.RowTo[int])
			return err
		}, true},
		{"row", func(ctx context.Context) error {
			var n int
			return pool.QueryRow(ctx, "SELECT count(*) FROM p WHERE id = $1", 1).Scan(&n)
		}, false},
		{"syntax error", func(ctx context.Context) error { _, err := pool.Exec(ctx, "SELEKT"); return err }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.run(t.Context()); (err != nil) != tt.fail {
				t.Errorf("error = %v, want one: %t", err, tt.fail)
			}
		})
	}
}

// TestChangedSettings: a service does not start if transactions do not have the settings that it
// sends.
func TestChangedSettings(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	const hide = `CREATE SCHEMA hiding; CREATE FUNCTION hiding.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT $2'`
	if _, err := storetest.Connect(t, database).Exec(t.Context(), hide); err != nil {
		t.Fatal(err)
	}
	_, err := session.Open(t.Context(), database+"&search_path=hiding,pg_catalog", session.Options{FrozenAfter: 10 * time.Second})
	if err == nil || !strings.Contains(err.Error(), "idle_in_transaction_session_timeout is 0 in a transaction") {
		t.Errorf("Open() = %v, want an error that names the setting", err)
	}
}
