package load_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// TestLoadInterrupted interrupts a load while its session waits for a key that another session has
// locked. The load must write nothing, and the batch can be loaded again.
func TestLoadInterrupted(t *testing.T) {
	t.Parallel()
	for method, conflict := range map[string]bool{"copy": false, "upsert": true} {
		for event, terminate := range map[string]bool{"terminated": true, "cancelled": false} {
			t.Run(method+" "+event, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, partsTable, partsSchema)
				var before []string
				if conflict { // the existing key makes Load use the upsert
					exec(t, f.conn, "INSERT INTO parts (id) VALUES ('a')")
					before = []string{"(a,)"}
				}
				batch := f.table.NewBatch()
				f.add(t, batch, record{1, `{"id":"a","price":1}`}, record{2, `{"id":"z","price":1}`})
				interrupt(t, f, batch, terminate)
				f.wantRows(t, "SELECT id, price FROM parts", before...)

				if _, err := loadBatch(t.Context(), f.conn, batch, 1); err != nil {
					t.Fatal(err)
				}
				f.wantRows(t, "SELECT id, price FROM parts ORDER BY id", "(a,1)", "(z,1)")
			})
		}
	}
}

// interrupt loads the batch while another session has locked key z, and ends the load as soon as it
// waits.
func interrupt(t *testing.T, f *fixture, batch *load.Batch, terminate bool) {
	t.Helper()
	holder, err := storetest.Connect(t, f.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "INSERT INTO parts (id) VALUES ('z')"); err != nil {
		t.Fatal(err)
	}
	loader := storetest.Connect(t, f.url)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := loadBatch(ctx, loader, batch, 1)
		done <- err
	}()
	awaitLockWait(t, f.conn, loader.PgConn().PID())
	if terminate {
		exec(t, f.conn, "SELECT pg_terminate_backend($1)", loader.PgConn().PID())
	} else {
		cancel()
	}
	if err := <-done; err == nil || errors.Is(err, load.ErrChanged) {
		t.Errorf("Load() error = %v, want another than ErrChanged", err)
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// awaitLockWait returns as soon as the session waits for a lock.
func awaitLockWait(t *testing.T, conn *pgx.Conn, pid uint32) {
	t.Helper()
	for waiting := false; !waiting; runtime.Gosched() {
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)", pid).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestLoadChangedTable changes the table after it was described. Load may return ErrChanged then,
// but must not reject a record, and works after the table is described again.
func TestLoadChangedTable(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"column added":   "ALTER TABLE parts ADD extra INT",
		"column dropped": "ALTER TABLE parts DROP serial, ADD serial INT",
		"column widened": "ALTER TABLE parts ALTER price TYPE BIGINT",
		"table replaced": "CREATE TABLE copied (LIKE parts INCLUDING ALL); INSERT INTO copied SELECT * FROM parts; DROP TABLE parts; ALTER TABLE copied RENAME TO parts",
	}
	for name, change := range tests {
		for method, id := range map[string]string{"copy": "new", "upsert": "known"} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, partsTable, partsSchema)
				exec(t, f.conn, "INSERT INTO parts (id) VALUES ('known')")
				exec(t, f.conn, change)
				records := []record{{1, fmt.Sprintf(`{"id":%q,"price":1}`, id)}, {2, `{"id":"b","price":2}`}}
				batch := f.table.NewBatch()
				f.add(t, batch, records...)
				result, err := loadBatch(t.Context(), f.conn, batch, 1)
				if err != nil && !errors.Is(err, load.ErrChanged) || len(result.Rejected) > 0 {
					t.Errorf("Load() rejected = %v, error = %v, want no rejection and at most ErrChanged", result.Rejected, err)
				}
				f.describe(t)
				f.load(t, 2, records...)
				f.wantRows(t, "SELECT id, price FROM parts WHERE price IS NOT NULL ORDER BY price", "("+id+",1)", "(b,2)")
			})
		}
	}
}

func TestLoadDroppedTable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	exec(t, f.conn, "DROP TABLE parts")
	batch := f.table.NewBatch()
	f.add(t, batch, record{1, `{"id":"a"}`})
	if _, err := loadBatch(t.Context(), f.conn, batch, 1); !errors.Is(err, load.ErrChanged) {
		t.Errorf("Load() error = %v, want ErrChanged", err)
	}
}

// TestLoadTriggerDropsRows checks that Load fails if it cannot count the written rows.
func TestLoadTriggerDropsRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`;
		CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER drop_row BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION drop_row()`, partsSchema)
	batch := f.table.NewBatch()
	f.add(t, batch, record{1, `{"id":"a"}`})
	if _, err := loadBatch(t.Context(), f.conn, batch, 1); err == nil || !strings.Contains(err.Error(), "trigger") {
		t.Errorf("Load() error = %v, want one about the trigger", err)
	}
}
