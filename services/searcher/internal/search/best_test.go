package search_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/store"
)

// countWrites records the size of every block of output that is ever written, and sets the batch
// size of each step but the first.
func (f fixture) countWrites(t *testing.T, batch int) {
	t.Helper()
	f.exec(t, `
CREATE TABLE written (bytes BIGINT);
CREATE FUNCTION count_output() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO written VALUES (NEW.byte_count); RETURN NEW; END $$;
CREATE TRIGGER counted BEFORE INSERT ON xforce.task_outputs FOR EACH ROW EXECUTE FUNCTION count_output();
CREATE FUNCTION small_steps() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN NEW.cursor = jsonb_set(NEW.cursor, '{rows}', '`+fmt.Sprint(batch)+`'); RETURN NEW; END $$;
CREATE TRIGGER small BEFORE UPDATE ON xforce.task_chunks FOR EACH ROW WHEN (NEW.cursor IS NOT NULL) EXECUTE FUNCTION small_steps()`)
}

// TestBestWritesLittle runs sorted searches in many steps whose rows come in the best order, in the
// worst and in none. The bytes written must be a small multiple of the result.
func TestBestWritesLittle(t *testing.T) {
	t.Parallel()
	for request, rest := range map[string]string{
		`{"sort":["-k"],"limit":3000}`:      `ORDER BY k DESC LIMIT 3000`,
		`{"sort":["day","k"],"limit":3000}`: `ORDER BY k LIMIT 3000`,
		`{"sort":["v"],"limit":3000}`:       `ORDER BY v LIMIT 3000`,
		`{"sort":["-v"],"limit":15000}`:     `ORDER BY v DESC LIMIT 15000`,
		`{"sort":["-k"],"limit":20000}`:     `ORDER BY k DESC`,
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, unlimited, store.Options{})
			f.countWrites(t, 200)
			op := f.accept(t, "pairs", request)
			if _, steps := f.run(t, op); steps < 70 {
				t.Fatalf("steps = %d, want at least 70", steps)
			}
			if diff := cmp.Diff(f.expected(t, rest), f.found(t, op)); diff != "" {
				t.Errorf("records (-want +got):\n%.2000s", diff)
			}
			written := f.number(t, `SELECT sum(bytes) FROM written`)
			if size := f.number(t, `SELECT sum(byte_count) FROM xforce.task_outputs WHERE stage = 'rows'`); written > 6*size {
				t.Errorf("bytes written = %d, want at most 6 times the result of %d", written, size)
			}
			if keys := f.number(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage <> 'rows'`); keys != 0 {
				t.Errorf("blocks of keys left = %d, want 0", keys)
			}
		})
	}
}

// TestBestReplacesDeletedRow deletes the best record between two steps.
func TestBestReplacesDeletedRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	f.countWrites(t, 1000)
	op := f.accept(t, "pairs", `{"sort":["v"],"limit":1}`)
	f.mustStep(t, op)
	first := f.found(t, op)
	f.exec(t, `DELETE FROM pairs WHERE k = (SELECT k FROM pairs WHERE k <= '005000' ORDER BY v LIMIT 1)`)
	f.exec(t, `DELETE FROM pairs WHERE k > '005000' AND v <= 40`)
	f.run(t, op)
	got, want := f.found(t, op), f.expected(t, `WHERE k > '005000' ORDER BY v LIMIT 1`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if cmp.Equal(got, first) {
		t.Errorf("records = %s, want another than the deleted one", got)
	}
}
