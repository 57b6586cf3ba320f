package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

const (
	marksTable = `CREATE TABLE marks (k TEXT PRIMARY KEY, v INT CHECK (v >= 0))`
	marksFile  = `{"x-longshore":{"table":"marks","key":["k"],"ordering":"ledger"},"properties":{"k":{"type":"string"},"v":{"type":"integer"}}}`
)

// ledgerFixture imports into a table without columns for the order of imports.
type ledgerFixture struct{ fixture }

func newLedgerFixture(t *testing.T, sessions int) ledgerFixture {
	t.Helper()
	return ledgerFixture{newFixtureOf(t, marksTable, map[string]string{"marks": marksFile}, store.Options{MaxConns: sessions}, 3)}
}

// accept seals an import of records, perChunk in each chunk.
func (f ledgerFixture) accept(t *testing.T, perChunk int, records ...string) *operation.Operation {
	t.Helper()
	return accept(t, f.db, store.Draft{Collection: "marks", Lanes: 8, Ledger: true}, perChunk, slices.Values(records))
}

func (f ledgerFixture) wantMarks(t *testing.T, step string, want ...string) {
	t.Helper()
	got := storetest.Texts(t, f.sql, `SELECT k || ' ' || v FROM marks ORDER BY k`)
	if !slices.Equal(got, want) {
		t.Errorf("marks after %s = %q, want %q", step, got, want)
	}
}

func (f ledgerFixture) wantLedger(t *testing.T, step string, want int) {
	t.Helper()
	if got := storetest.Number(t, f.sql, `SELECT count(*) FROM xforce.ledger`); got != want {
		t.Errorf("chunks in the ledger after %s = %d, want %d", step, got, want)
	}
}

func (f ledgerFixture) clean(t *testing.T) {
	t.Helper()
	if _, err := f.db.DeleteLedger(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
}

// TestLedgerKeepsLater writes later records before earlier ones: of two imports, and of one.
func TestLedgerKeepsLater(t *testing.T) {
	t.Parallel()
	f := newLedgerFixture(t, 4)
	first := f.accept(t, 2, `{"k":"a","v":1}`, `{"k":"b","v":1}`, `{"k":"a","v":2}`)
	second := f.accept(t, 2, `{"k":"b","v":3}`, `{"k":"c","v":3}`)
	f.mustProcess(t, second, 0)
	f.wantMarks(t, "the second import", "b 3", "c 3")
	f.wantLedger(t, "the second import", 1)
	f.mustProcess(t, first, 1)
	f.wantMarks(t, "the second chunk", "a 2", "b 3", "c 3")
	f.clean(t)
	f.wantLedger(t, "cleaning too early", 2)
	f.mustProcess(t, first, 0)
	f.wantMarks(t, "the first chunk", "a 2", "b 3", "c 3")
	if c := f.read(t, first).Counts; c != (operation.Counts{Total: 3, Created: 1, Superseded: 2}) {
		t.Errorf("counts of the first import = %+v, want 1 created and 2 superseded", c)
	}
	f.clean(t)
	f.wantLedger(t, "cleaning", 0)
	third := f.accept(t, 2, `{"k":"a","v":4}`)
	f.mustProcess(t, third, 0)
	f.wantMarks(t, "an import with nothing unfinished before it", "a 4", "b 3", "c 3")
	f.wantLedger(t, "an import with nothing unfinished before it", 0)
}

// TestLedgerKeepsDeletions: a row that a later import has deleted stays deleted.
func TestLedgerKeepsDeletions(t *testing.T) {
	t.Parallel()
	f := newLedgerFixture(t, 4)
	f.exec(t, `INSERT INTO marks VALUES ('a', 0)`)
	first := f.accept(t, 2, `{"k":"a","v":1}`)
	f.exec(t, `GRANT DELETE ON marks TO `+storetest.RoleName("worker"))
	second := f.accept(t, 2, `{"k":"a"}`)
	f.exec(t, `UPDATE xforce.tasks SET write_options = '{"write":"delete"}' WHERE task_id = '`+second.ID.String()+`'`)
	f.mustProcess(t, second, 0)
	f.mustProcess(t, first, 0)
	f.wantMarks(t, "a deletion before an earlier import")
}

// TestColumnsKeepDeletions: where columns of the table keep the order, a row that a later import has deleted stays deleted too, also
// if the earlier one is being written at that moment. Nothing is kept without an earlier import.
func TestColumnsKeepDeletions(t *testing.T) {
	t.Parallel()
	f := ledgerFixture{newFixtureWith(t, `INSERT INTO pairs VALUES ('a', 0), ('b', 0), ('c', 0)`)}
	remove := func(records ...string) *operation.Operation {
		t.Helper()
		op := f.fixture.accept(t, records...)
		f.exec(t, `UPDATE xforce.tasks SET write_options = '{"write":"delete"}' WHERE task_id = '`+op.ID.String()+`'`)
		return op
	}
	alone := remove(`{"k":"c"}`)
	f.mustProcess(t, alone, 0)
	f.wantLedger(t, "a deletion with no import before it", 0)
	first := f.fixture.accept(t, `{"k":"a","v":1}`, `{"k":"c","v":1}`, `{"k":"b","v":1}`)
	other := f.fixture.accept(t, `{"k":"x","v":1}`)
	second := remove(`{"k":"a"}`, `{"k":"a"}`, `{"k":"b"}`)
	f.mustProcess(t, other, 0)
	f.mustProcess(t, second, 1)
	f.wantLedger(t, "a deletion before an earlier import", 1)
	f.mustProcess(t, second, 0)
	third := f.fixture.accept(t, `{"k":"b","v":3}`)
	f.mustProcess(t, third, 0)
	f.mustProcess(t, first, 0)
	f.mustProcess(t, first, 1)
	if got := storetest.Texts(t, f.sql, `SELECT k || ' ' || v FROM pairs ORDER BY k`); !slices.Equal(got, []string{"b 3", "c 1", "x 1"}) {
		t.Errorf("pairs = %q, want a deleted and b of the third import", got)
	}
	if c := f.read(t, first).Counts; c != (operation.Counts{Total: 3, Created: 1, Superseded: 2}) {
		t.Errorf("counts of the first import = %+v, want 1 created and 2 superseded", c)
	}
	f.clean(t)
	f.wantLedger(t, "cleaning", 0)
}

// TestColumnsNoticeDeletionMeanwhile deletes a row while an earlier import that writes it waits for another row: its step starts over.
func TestColumnsNoticeDeletionMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFixtureOf(t, createPairs+`; INSERT INTO pairs VALUES ('a', 0)`, map[string]string{"pairs": pairsFile}, store.Options{MaxConns: 4}, 3)
	first, second := f.accept(t, `{"k":"0","v":1}`, `{"k":"a","v":1}`), f.accept(t, `{"k":"a"}`)
	f.exec(t, `UPDATE xforce.tasks SET write_options = '{"write":"delete"}' WHERE task_id = '`+second.ID.String()+`'`)
	other := storetest.Connect(t, f.sql.Config().ConnString())
	storetest.Exec(t, other, `BEGIN; INSERT INTO pairs VALUES ('0', 0)`)
	done := make(chan error, 1)
	go func() { done <- f.worker.ProcessChunk(t.Context(), job.Chunk{OperationID: first.ID, Seq: 0}) }()
	storetest.Await(t, f.sql, `SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND locktype = 'transactionid' AND NOT granted)`)
	f.mustProcess(t, second, 0)
	storetest.Exec(t, other, `ROLLBACK`)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := storetest.Texts(t, f.sql, `SELECT k || ' ' || v FROM pairs ORDER BY k`); !slices.Equal(got, []string{"0 1"}) {
		t.Errorf("pairs = %q, want a deleted", got)
	}
	if c := f.read(t, first).Counts; c != (operation.Counts{Total: 2, Created: 1, Superseded: 1}) {
		t.Errorf("counts of the first import = %+v, want 1 created and 1 superseded", c)
	}
}

// TestProcessKeepsWarnings: the operation has the warning of its chunks once.
func TestProcessKeepsWarnings(t *testing.T) {
	t.Parallel()
	const file = `{"x-longshore":{"table":"counted","key":["k"],"ordering":"ledger"},"properties":{"k":{"type":"string"},"n":{"type":"integer"}}}`
	f := newFixtureOf(t, `CREATE TABLE counted (k TEXT PRIMARY KEY, n SERIAL)`, map[string]string{"counted": file}, store.Options{Role: grants.Worker}, 3)
	api := storetest.Open(t, f.sql.Config().ConnString(), store.Options{})
	op := accept(t, api, store.Draft{Collection: "counted", Lanes: 8, Ledger: true}, 1, slices.Values([]string{`{"k":"a","n":7}`, `{"k":"b","n":8}`, `{"k":"c"}`}))
	for seq := range op.Chunks {
		f.mustProcess(t, op, seq)
	}
	const want = "cannot advance the sequence public.counted_n_seq"
	if got := f.read(t, op).Warnings; len(got) != 1 || !strings.Contains(got[0], want) {
		t.Errorf("warnings = %q, want one with %q", got, want)
	}
}

// TestLedgerSeesNumbersBeingDrawn: while a transaction that draws a number has not ended, its import may be an earlier
// one, although nothing of it can be seen.
func TestLedgerSeesNumbersBeingDrawn(t *testing.T) {
	t.Parallel()
	f := newLedgerFixture(t, 4)
	other := storetest.Connect(t, f.sql.Config().ConnString())
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const draw = `SELECT pg_advisory_xact_lock_shared(hashtext('longshore:ledger'))::text, nextval('xforce.task_numbers')`
	if _, err := tx.Exec(t.Context(), draw); err != nil {
		t.Fatal(err)
	}
	op := f.accept(t, 2, `{"k":"a","v":1}`)
	f.mustProcess(t, op, 0)
	f.wantLedger(t, "an import after a number that is being drawn", 1)
	cleaning, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if n, err := f.db.DeleteLedger(cleaning, 100); err == nil || n != 0 {
		t.Errorf("DeleteLedger() while a number is being drawn = %d, %v, want it to wait", n, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.clean(t)
	f.wantLedger(t, "the end of that transaction", 0)
}

// TestLedgerAtRandom processes the chunks of many imports of the same keys at the same time and in random order: each
// key has the value of the last record.
func TestLedgerAtRandom(t *testing.T) {
	t.Parallel()
	const imports, records, keys, workers = 12, 12, 8, 6
	f := newLedgerFixture(t, workers+2)
	last := make(map[string]int)
	var chunks []job.Chunk
	for i := range imports {
		var lines []string
		for range records {
			k, v := fmt.Sprint("k", rand.IntN(keys)), len(last)+i*1000+len(lines)
			lines, last[k] = append(lines, fmt.Sprintf(`{"k":%q,"v":%d}`, k, v)), v
		}
		op := f.accept(t, 3, lines...)
		for seq := range op.Chunks {
			chunks = append(chunks, job.Chunk{OperationID: op.ID, Seq: seq})
		}
	}
	rand.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
	todo := make(chan job.Chunk, len(chunks))
	for _, c := range chunks {
		todo <- c
	}
	close(todo)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for c := range todo {
				f.process(t, c)
			}
		})
	}
	running.Wait()
	var want []string
	for k, v := range last {
		want = append(want, fmt.Sprint(k, " ", v))
	}
	slices.Sort(want)
	f.wantMarks(t, "all imports", want...)
	f.clean(t)
	f.wantLedger(t, "all imports", 0)
}

// process processes a chunk until it succeeds, as the queue does.
func (f ledgerFixture) process(t *testing.T, c job.Chunk) {
	t.Helper()
	for {
		err := f.worker.ProcessChunk(t.Context(), c)
		if _, again := errors.AsType[*queue.RetryAfterError](err); !again {
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
}
