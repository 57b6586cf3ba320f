package search_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// countOutput counts the bytes of output that are ever written, and lets each step but the first look at so many rows.
func (b bench) countOutput(t *testing.T, rows int) {
	t.Helper()
	b.exec(t, `
CREATE TABLE written (bytes BIGINT);
CREATE FUNCTION count_output() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO written VALUES (NEW.byte_count); RETURN NEW; END $$;
CREATE TRIGGER counted BEFORE INSERT ON xforce.task_outputs FOR EACH ROW EXECUTE FUNCTION count_output();
CREATE FUNCTION small_steps() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN NEW.cursor = jsonb_set(NEW.cursor, '{rows}', '`+fmt.Sprint(rows)+`'); RETURN NEW; END $$;
CREATE TRIGGER small BEFORE UPDATE ON xforce.task_chunks FOR EACH ROW WHEN (NEW.cursor IS NOT NULL) EXECUTE FUNCTION small_steps()`)
}

func (b bench) number(t *testing.T, question string, args ...any) (n int) {
	t.Helper()
	if err := b.sql.QueryRow(t.Context(), question, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Each row that comes is better than all before, or worse, or neither: what is written is a small multiple of what is found.
func TestTheBestAreWrittenAFewTimesInManySteps(t *testing.T) {
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
			b := setup(t, plenty, store.Options{})
			b.countOutput(t, 200)
			op := b.accept(t, "pairs", request)
			if _, steps := b.run(t, op); steps < 70 {
				t.Fatalf("%d steps", steps)
			}
			if diff := cmp.Diff(b.wanted(t, rest), b.found(t, op)); diff != "" {
				t.Errorf("(-want +got):\n%.2000s", diff)
			}
			written, kept := b.number(t, `SELECT sum(bytes) FROM written`), b.number(t, `SELECT sum(byte_count) FROM xforce.task_outputs WHERE stage = 'rows'`)
			if written > 6*kept {
				t.Errorf("%d bytes were written for a result of %d", written, kept)
			}
			if left := b.number(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage <> 'rows'`); left != 0 {
				t.Errorf("%d pieces of keys are left", left)
			}
		})
	}
}

func TestABestThatIsGoneMakesRoom(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{})
	b.countOutput(t, 1000)
	op := b.accept(t, "pairs", `{"sort":["v"],"limit":1}`)
	if err := b.step(t, op); err != nil {
		t.Fatal(err)
	}
	first := b.found(t, op)
	b.exec(t, `DELETE FROM pairs WHERE k = (SELECT k FROM pairs WHERE k <= '005000' ORDER BY v LIMIT 1)`)
	b.exec(t, `DELETE FROM pairs WHERE k > '005000' AND v <= 40`)
	b.run(t, op)
	if got := b.found(t, op); len(got) != 1 || got[0] == first[0] || !cmp.Equal(got, b.wanted(t, `WHERE k > '005000' ORDER BY v LIMIT 1`)) {
		t.Errorf("first %s, then %s", first, got)
	}
}

func TestTheNextStepIsAsLongAsReadingTook(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{})
	b.exec(t, `CREATE FUNCTION drag() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
CREATE TRIGGER dragged BEFORE INSERT ON xforce.task_outputs FOR EACH ROW WHEN (NEW.stage = 'rows') EXECUTE FUNCTION drag()`)
	op := b.accept(t, "pairs", `{"sort":["-k"],"limit":10}`)
	if err := b.step(t, op); err != nil {
		t.Fatal(err)
	}
	rows := b.number(t, `SELECT (cursor->>'rows')::int FROM xforce.task_chunks WHERE task_id = $1`, op.ID)
	if b.read(t, op).State != operation.Running || rows < 2500 {
		t.Errorf("after a step that wrote for a second, the next looks at %d rows", rows)
	}
}
