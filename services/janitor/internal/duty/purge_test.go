package duty

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// tombstone prunes a new operation that has n rows of output, and returns its id.
func (f fixture) tombstone(t *testing.T, n int) uuid.UUID {
	t.Helper()
	id := f.accept(t)
	f.exec(t, `
INSERT INTO xforce.task_outputs (task_id, stage, seq, byte_offset, byte_count, payload)
SELECT $1, 'file', i, i, 1, 'x' FROM generate_series(1, $2) AS i`, id, n)
	if _, _, err := f.db.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := f.db.Prune(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPurgeDeletesAllBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	large, small, locked, broken := f.tombstone(t, 330), f.tombstone(t, 1), f.tombstone(t, 3), f.tombstone(t, 3)
	f.lock(t, `SELECT FROM xforce.task_outputs WHERE task_id = $1`, locked)
	f.failDeletes(t, "task_outputs", broken)
	if err := Purge(f.db, f.log, time.Second).Pass(t.Context()); err == nil {
		t.Error("Pass() = nil, want the error of the broken tombstone")
	}
	for name, tt := range map[string]struct {
		id   uuid.UUID
		want int
	}{"many batches": {large, 0}, "one batch": {small, 0}, "locked": {locked, 3}, "broken": {broken, 3}} {
		if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1`, tt.id); got != tt.want {
			t.Errorf("%s: %d rows are left, want %d", name, got, tt.want)
		}
	}
}

// TestPurgeBudget: a tombstone with many rows takes many passes, and none of them reaches
// passTimeout.
func TestPurgeBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started, batches := time.Now(), 0
		err := whileAny(started, func() (int, error) {
			time.Sleep(10 * time.Millisecond) // the clock of the bubble
			batches++
			return 1, nil
		})
		if err != nil || batches < 1000 {
			t.Errorf("whileAny() ran %d batches and returned %v, want at least 1000 and nil", batches, err)
		}
		if elapsed := time.Since(started); elapsed >= passTimeout {
			t.Errorf("whileAny() took %s, want less than %s", elapsed, passTimeout)
		}
	})
}

func TestClearSplitSkipsBrokenUploads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const others = 20
	broken := f.accept(t)
	for range others {
		f.accept(t)
	}
	f.exec(t, `INSERT INTO xforce.upload_parts (task_id, part, version, byte_count, digest) SELECT task_id, 1, task_id, 1, '' FROM xforce.tasks`)
	f.failDeletes(t, "upload_parts", broken)
	if err := ClearSplit(f.db, time.Second).Pass(t.Context()); err == nil {
		t.Error("Pass() = nil, want the error of the broken upload")
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.upload_parts WHERE task_id <> $1`, broken); got != 0 {
		t.Errorf("%d of %d other uploads are left, want none", got, others)
	}
}

// TestPurgeReachesAllTombstones: one pass purges several groups of tombstones, and the broken ones
// at the beginning delay none of them.
func TestPurgeReachesAllTombstones(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const broken, whole = 3, 8
	f.exec(t, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`)
	for range broken {
		f.tombstone(t, 1)
	}
	f.exec(t, `CREATE TABLE broken AS SELECT task_id FROM xforce.tasks`)
	for range whole {
		f.tombstone(t, 1)
	}
	f.exec(t, `CREATE TRIGGER fail BEFORE DELETE ON xforce.task_outputs FOR EACH ROW EXECUTE FUNCTION fail()`)
	f.exec(t, `CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.task_id IN (SELECT task_id FROM broken) THEN RAISE EXCEPTION 'broken'; END IF;
  RETURN OLD; END $$`)
	p := &purge{db: f.db, log: f.log, group: 2}
	if err := p.pass(t.Context()); err == nil {
		t.Error("pass() = nil, want the errors of the broken tombstones")
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE reclaimed_at IS NOT NULL`); got != whole {
		t.Errorf("%d tombstones were purged, want %d", got, whole)
	}
}
