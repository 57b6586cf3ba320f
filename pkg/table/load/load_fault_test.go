package load_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	url := storetest.NewDatabase(t)
	for name, change := range tests {
		for method, id := range map[string]string{"copy": "new", "upsert": "known"} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				f := newSharedFixture(t, url, partsTable, partsSchema)
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

// TestLoadTriggerDropsRows checks that a record that a trigger drops is neither created nor
// superseded.
func TestLoadTriggerDropsRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`;
		INSERT INTO parts (id, price, import_number, import_row) VALUES ('locked', 1, 1, 1), ('later', 1, 9, 1), ('open', 1, 1, 1);
		CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		  IF NEW.id LIKE 'lock%' THEN RETURN NULL; END IF; RETURN NEW; END $$;
		CREATE TRIGGER drop_row BEFORE UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION drop_row();
		CREATE TRIGGER drop_new BEFORE INSERT ON parts FOR EACH ROW WHEN (NEW.id = 'lock new') EXECUTE FUNCTION drop_row()`, partsSchema)
	records := []record{
		{1, `{"id":"locked","price":2}`},
		{2, `{"id":"later","price":2}`},
		{3, `{"id":"lock new","price":2}`},
		{4, `{"id":"new","price":2}`},
		{5, `{"id":"open","price":2}`},
	}
	for name, more := range map[string][]record{"together": nil, "beside a refused one": {{6, `{"id":"zero","price":0}`}}} {
		t.Run(name, func(t *testing.T) {
			batch := f.table.NewBatch()
			f.add(t, batch, append(slices.Clone(records), more...)...)
			tx, err := f.conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			result, err := batch.Load(t.Context(), tx, 2)
			if err := errors.Join(err, tx.Rollback(t.Context())); err != nil {
				t.Fatal(err)
			}
			got := summarize(batch, result)
			want := []string{"1:failed", "2:superseded", "3:failed", "4:created", "5:updated"}
			if diff := cmp.Diff(want, got.Outcomes[:5]); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if reason := result.Rejected[0].Reasons[0]; reason.Code != load.CodeUnspecified || !strings.Contains(reason.Message, "trigger") {
				t.Errorf("reason = %v, want %s with the trigger named as the cause", reason, load.CodeUnspecified)
			}
			if result.SupersededBy != 9 {
				t.Errorf("SupersededBy = %d, want 9", result.SupersededBy)
			}
		})
	}
}

// TestLoadDuplicateKeyWithOtherCode lets the direct COPY of an existing key fail with the code of an
// internal error, as Citus does, while the upsert works.
func TestLoadDuplicateKeyWithOtherCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable+`;
		INSERT INTO parts (id, price) VALUES ('known', 1);
		CREATE FUNCTION refuse_copy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		  IF current_query() LIKE '%COPY%' AND EXISTS (SELECT FROM parts WHERE id = NEW.id) THEN
		    RAISE EXCEPTION 'duplicate key value violates unique constraint "parts_pkey_102008"' USING ERRCODE = 'XX000';
		  END IF; RETURN NEW; END $$;
		CREATE TRIGGER refuse_copy BEFORE INSERT ON parts FOR EACH ROW EXECUTE FUNCTION refuse_copy()`, partsSchema)
	got := f.load(t, 1, record{1, `{"id":"known","price":2}`}, record{2, `{"id":"new","price":2}`}, record{3, `{"id":"zero","price":0}`})
	got.want(t, []string{"1:updated", "2:created", "3:failed"}, []string{"3:check-violation"})
	f.wantRows(t, "SELECT id, price FROM parts ORDER BY id", "(known,2)", "(new,2)")
}
