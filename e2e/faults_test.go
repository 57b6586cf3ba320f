package e2e_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// longRecords in chunks of longChunk make an import that is long enough to be disturbed in its middle.
	longRecords = 60_000
	longChunk   = "LONGSHORE_CHUNK_RECORDS=150"
	longChunks  = longRecords / 150

	// recoveredWithin is what a fault may cost, beyond the import's normal time.
	recoveredWithin = 15 * time.Second
	// handedOverWithin is what a stop in good order may cost.
	handedOverWithin = 5 * time.Second
)

// longImport is an import in which faults happen.
type longImport struct {
	stack *stack.Stack
	op    client.Accepted
	end   func(status string) client.Monitor
	began time.Time
}

// beginLongImport sends it and returns when the given share of its chunks is done.
func beginLongImport(s *stack.Stack, percent int) *longImport {
	began := time.Now()
	op := s.SubmitLines(tool.Lines(longRecords, tool.Numbered))
	l := &longImport{stack: s, op: op, end: s.Watch(op), began: began}
	s.WaitForChunks(op, longChunks*percent/100)
	return l
}

// disturb does harm in the middle of the import and then holds its end against the promise: every record exactly once, and
// not later than the time that the rest would have taken plus the allowance.
func (l *longImport) disturb(t *testing.T, allowance time.Duration, harm func()) {
	t.Helper()
	done := l.stack.Number(`SELECT done_chunks FROM xforce.tasks WHERE task_id = $1`, l.op.ID)
	normal := time.Since(l.began) * time.Duration(longChunks-done) / time.Duration(done)
	fault := time.Now()
	harm()
	m := l.end("Succeeded")
	took := m.Finished.Sub(fault)
	t.Logf("after the fault at %d of %d chunks it took %s; undisturbed about %s", done, longChunks, took, normal)
	if took > normal+allowance {
		t.Errorf("it took more than %s beyond the normal time", allowance)
	}
	expectCounts(t, m, client.Counts{Total: longRecords, Created: longRecords, Imported: longRecords})
	expectLongTable(t, l.stack)
	if seen := l.stack.Client().Seen(l.op.OperationLocation); seen < 10 {
		t.Errorf("the import was looked at only %d times", seen)
	}
}

// expectLongTable: the table holds what was sent, each record from its own row.
func expectLongTable(t *testing.T, s *stack.Stack) {
	t.Helper()
	good := s.Number(`SELECT count(*) FROM xforce.tools WHERE tool_id = 'N' || lpad((import_row - 1)::text, 9, '0')
		AND tool_name = 'Tool number ' || (import_row - 1) AND cardinality(features) = 3`)
	all := s.Number(`SELECT count(*) FROM xforce.tools`)
	if good != longRecords || all != longRecords {
		t.Errorf("the table holds %d rows, %d of them right, and should hold %d", all, good, longRecords)
	}
}

func TestKilledImporter(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	beginLongImport(s, 20).disturb(t, recoveredWithin, func() {
		s.KillImporter(0)
	})
}

// TestKilledImporters kills one importer after the other, again and again, so that at times there is none.
func TestKilledImporters(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	l := beginLongImport(s, 10)
	l.disturb(t, recoveredWithin, func() {
		for percent := 15; percent <= 45; percent += 10 {
			s.KillImporter(0)
			s.KillImporter(1)
			s.StartImporter(0)
			s.StartImporter(1)
			s.WaitForChunks(l.op, longChunks*percent/100)
		}
	})
}

// TestKilledInMidStep kills the only importer while its step has locked the chunk and waits to write.
func TestKilledInMidStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.HoldTable("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.Holds(recoveredWithin, "a step to be in its middle", `
SELECT count(*) > 0 FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'longshore-importer' AND wait_event_type = 'Lock'`)
	s.KillImporter(0)
	s.StartImporter(0)
	release()
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}

// TestStoppedImporter asks an importer to end in the middle of its work, as a rolling update does.
func TestStoppedImporter(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	beginLongImport(s, 20).disturb(t, handedOverWithin, func() {
		t.Logf("the importer ended %s after SIGTERM", s.StopImporter(0))
	})
}

// TestFrozenImporter freezes an importer in the middle of a step. The other one must be able to go on without it, and what it
// does when it wakes up must not matter.
func TestFrozenImporter(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{
		longChunk, "LONGSHORE_FROZEN_AFTER=2s", "LONGSHORE_STALLED_AFTER=2s",
	}})
	l := beginLongImport(s, 10)
	l.disturb(t, recoveredWithin, func() { freezeInStep(t, s) })
	s.ThawImporter(0)
	s.StopImporter(1)
	again := s.SubmitJSON(tool.SampleJSON)
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	s.Exec(`DELETE FROM xforce.tools WHERE tool_id LIKE 'V%'`)
	expectLongTable(t, s)
}

// freezeInStep freezes the first importer so that it holds a chunk: a transaction that grows old.
func freezeInStep(t *testing.T, s *stack.Stack) {
	t.Helper()
	const old = `
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'longshore-importer' AND xact_start < clock_timestamp() - interval '0.5 s'`
	for range 50 {
		s.FreezeImporter(0)
		looked := time.Now()
		held := false
		s.Holds(recoveredWithin, "half a second to pass", `SELECT clock_timestamp() > $1::timestamptz + interval '0.6 s'`, looked)
		if held = s.Number(old) > 0; held {
			return
		}
		s.ThawImporter(0)
	}
	t.Fatal("the importer was never frozen in the middle of a step")
}

func TestFlushedRedis(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	beginLongImport(s, 20).disturb(t, recoveredWithin, s.FlushRedis)
}

func TestKilledRedis(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	beginLongImport(s, 20).disturb(t, recoveredWithin, func() {
		s.KillRedis()
		s.StartRedis() // empty: nothing was written to disk
	})
}

// TestStoppedRedis imports while there is no Redis: accepted at once, done when Redis is back.
func TestStoppedRedis(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	s.StopRedis()
	small := s.SubmitJSON(tool.SampleJSON)
	if small.Took > acceptedWithin {
		t.Errorf("without Redis the 202 took %s", small.Took)
	}
	large := s.SubmitLines(tool.Lines(longRecords, tool.Numbered))
	back := time.Now()
	s.StartRedis()
	for _, op := range []client.Accepted{small, large} {
		m := s.WaitFor(op, "Succeeded")
		t.Logf("%d records were done %s after Redis was back", op.TotalRecords, m.Finished.Sub(back))
		if m.Finished.Sub(back) > recoveredWithin+waitForLong {
			t.Errorf("operation %s was done %s after Redis was back", op.ID, m.Finished.Sub(back))
		}
	}
	s.Exec(`DELETE FROM xforce.tools WHERE tool_id LIKE 'V%'`)
	expectLongTable(t, s)
}

// waitForLong is what the long import takes on a busy machine.
const waitForLong = 15 * time.Second

// TestEndedSessions ends sessions at Postgres at random, those of the api and the janitor too.
func TestEndedSessions(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	l := beginLongImport(s, 5)
	l.disturb(t, recoveredWithin, func() {
		for percent := 6; percent <= 60; percent += 2 {
			if !s.EndSession() {
				t.Error("there was no session to end")
			}
			s.WaitForChunks(l.op, longChunks*percent/100)
		}
	})
}
