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

// TestLoadIsBrokenOff ends a load in its middle: its session waits for a key that another holds.
// Nothing of it may stay, and the batch can be loaded again.
func TestLoadIsBrokenOff(t *testing.T) {
	t.Parallel()
	for way, known := range map[string]bool{"direct": false, "upsert": true} {
		for how, terminate := range map[string]bool{"terminated": true, "cancelled": false} {
			t.Run(way+"_"+how, func(t *testing.T) {
				t.Parallel()
				b := setup(t, partsTable, partsSchema)
				var before []string
				if known { // its first key turns the load to the upsert
					exec(t, b.conn, "INSERT INTO parts (id) VALUES ('a')")
					before = []string{"(a,)"}
				}
				batch := b.table.NewBatch()
				b.add(t, batch, rec{1, `{"id":"a","price":1}`}, rec{2, `{"id":"z","price":1}`})
				breakOff(t, b, batch, terminate)
				b.wantRows(t, "SELECT id, price FROM parts", before...)

				if _, err := loadBatch(t.Context(), b.conn, batch, 1); err != nil {
					t.Fatal(err)
				}
				b.wantRows(t, "SELECT id, price FROM parts ORDER BY id", "(a,1)", "(z,1)")
			})
		}
	}
}

// breakOff loads the batch while another session holds key z, and ends the load when it waits.
func breakOff(t *testing.T, b *bench, batch *load.Batch, terminate bool) {
	t.Helper()
	holder, err := storetest.Connect(t, b.url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "INSERT INTO parts (id) VALUES ('z')"); err != nil {
		t.Fatal(err)
	}
	loader := storetest.Connect(t, b.url)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := loadBatch(ctx, loader, batch, 1)
		done <- err
	}()
	awaitLockWait(t, b.conn, loader.PgConn().PID())
	if terminate {
		exec(t, b.conn, "SELECT pg_terminate_backend($1)", loader.PgConn().PID())
	} else {
		cancel()
	}
	if err := <-done; err == nil || errors.Is(err, load.ErrChanged) {
		t.Errorf("the load ended with %v", err)
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// awaitLockWait returns when the session waits for a lock.
func awaitLockWait(t *testing.T, conn *pgx.Conn, pid uint32) {
	t.Helper()
	for waiting := false; !waiting; runtime.Gosched() {
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)", pid).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestTableThatWasChanged changes the table after it was described. A load may fail then, but says
// why, refuses no record for it, and works after the table is described again.
func TestTableThatWasChanged(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"column_added":   "ALTER TABLE parts ADD extra INT",
		"column_dropped": "ALTER TABLE parts DROP serial, ADD serial INT",
		"column_widened": "ALTER TABLE parts ALTER price TYPE BIGINT",
		"made_anew":      "CREATE TABLE copied (LIKE parts INCLUDING ALL); INSERT INTO copied SELECT * FROM parts; DROP TABLE parts; ALTER TABLE copied RENAME TO parts",
	}
	for name, change := range tests {
		for way, id := range map[string]string{"direct": "new", "upsert": "known"} {
			t.Run(name+"_"+way, func(t *testing.T) {
				t.Parallel()
				b := setup(t, partsTable, partsSchema)
				exec(t, b.conn, "INSERT INTO parts (id) VALUES ('known')")
				exec(t, b.conn, change)
				records := []rec{{1, fmt.Sprintf(`{"id":%q,"price":1}`, id)}, {2, `{"id":"b","price":2}`}}
				batch := b.table.NewBatch()
				b.add(t, batch, records...)
				result, err := loadBatch(t.Context(), b.conn, batch, 1)
				if err != nil && !errors.Is(err, load.ErrChanged) || len(result.Rejected) > 0 {
					t.Errorf("rejected %v, error %v", result.Rejected, err)
				}
				b.describe(t)
				b.load(t, 2, records...)
				b.wantRows(t, "SELECT id, price FROM parts WHERE price IS NOT NULL ORDER BY price", "("+id+",1)", "(b,2)")
			})
		}
	}
}

func TestTableThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable, partsSchema)
	exec(t, b.conn, "DROP TABLE parts")
	batch := b.table.NewBatch()
	b.add(t, batch, rec{1, `{"id":"a"}`})
	if _, err := loadBatch(t.Context(), b.conn, batch, 1); !errors.Is(err, load.ErrChanged) {
		t.Errorf("the error is %v", err)
	}
}

// TestTriggerThatDropsRows: what cannot be counted must not be loaded.
func TestTriggerThatDropsRows(t *testing.T) {
	t.Parallel()
	b := setup(t, partsTable+`;
		CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER forget BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION forget()`, partsSchema)
	batch := b.table.NewBatch()
	b.add(t, batch, rec{1, `{"id":"a"}`})
	if _, err := loadBatch(t.Context(), b.conn, batch, 1); err == nil || !strings.Contains(err.Error(), "trigger") {
		t.Errorf("the error is %v", err)
	}
}
