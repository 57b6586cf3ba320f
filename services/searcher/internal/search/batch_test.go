package search_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// slowView replaces the table by a view in which reading a row with a greater key takes a minute.
func (f fixture) slowView(t *testing.T, key string) {
	t.Helper()
	f.exec(t, `ALTER TABLE pairs RENAME TO fast_pairs;
CREATE FUNCTION slow(k TEXT, v INT) RETURNS INT STABLE LANGUAGE plpgsql AS $$
  BEGIN IF k > '`+key+`' THEN PERFORM pg_sleep(60); END IF; RETURN v; END $$;
CREATE VIEW pairs AS SELECT k, slow(k, v) AS v, day FROM fast_pairs`)
}

// TestBatchShrinksAfterTimeout checks that retries of a step that exceeds the statement timeout
// read fewer rows: 5,000, 1,250, 312.
func TestBatchShrinksAfterTimeout(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{Statement: 700 * time.Millisecond})
	f.slowView(t, "000400")
	op := f.accept(t, "pairs", `{"filter":{"v":{"gte":0}},"limit":100000}`)
	for attempt := range 2 {
		if err := f.step(t, op); err == nil {
			t.Fatalf("attempt %d succeeded, want a timeout", attempt+1)
		}
	}
	f.mustStep(t, op)
	if now, n := f.refresh(t, op), len(f.found(t, op)); now.State != operation.Running || n != 312 {
		t.Errorf("after the third attempt: %s, %d records, want running, 312", now.State, n)
	}
}

// TestBatchIgnoresTimeOfWriting checks that a slow write does not shrink the next batch.
func TestBatchIgnoresTimeOfWriting(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	f.exec(t, `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON xforce.task_outputs FOR EACH ROW WHEN (NEW.stage = 'rows') EXECUTE FUNCTION slow()`)
	op := f.accept(t, "pairs", `{"sort":["-k"],"limit":10}`)
	f.mustStep(t, op)
	if now := f.refresh(t, op); now.State != operation.Running {
		t.Errorf("state = %s, want running", now.State)
	}
	if rows := f.number(t, `SELECT (cursor->>'rows')::int FROM xforce.task_chunks WHERE task_id = $1`, op.ID); rows < 2500 {
		t.Errorf("next batch = %d, want at least 2500", rows)
	}
}
