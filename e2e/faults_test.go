package e2e_test

import (
	"fmt"
	"slices"
	"strings"
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
	op := s.SubmitLines(tool.Lines(longRecords, tool.Numbered))
	l := &longImport{stack: s, op: op, end: s.Watch(op), began: time.Now()}
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
	s.Holds(recoveredWithin, "a step to be in its middle", `SELECT count(*) > 0 `+waitingSteps)
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

// TestStoppedInMidStep asks the only importer to end while its step waits to write: it finishes that step.
func TestStoppedInMidStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.HoldTable("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.Holds(recoveredWithin, "a step to be in its middle", `SELECT count(*) > 0 `+waitingSteps)
	end := s.StopImporterInMidStep(0)
	release()
	t.Logf("the importer ended %s after SIGTERM", end())
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}

// impatientWithImporters makes the bounds of frozen importers short.
var impatientWithImporters = []string{
	"LONGSHORE_FROZEN_AFTER=2s", "LONGSHORE_STALLED_AFTER=2s", "LONGSHORE_IMPORTER_CONCURRENCY=2",
}

// TestFrozenBetweenStatements freezes an importer whose steps wait for a statement: when it is done, nobody commits, until Postgres
// ends the session. The other importer must be able to go on, and what the frozen one does when it wakes up must not matter.
func TestFrozenBetweenStatements(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: slices.Concat(impatientWithImporters, []string{longChunk})})
	l := beginLongImport(s, 10)
	release := s.HoldTable("xforce.task_progress")
	s.Holds(recoveredWithin, "all steps to stand still", `SELECT count(*) = 4 `+waitingSteps)
	s.FreezeImporter(0)
	l.disturb(t, recoveredWithin, release)
	expectThawedToWork(t, s)
	expectLongTable(t, s)
}

// TestFrozenInCopy freezes an importer that has sent only a part of a COPY: no timeout of Postgres fires there, and the janitor has
// to end the session. Chunks are larger than what fits into the buffers between the two.
func TestFrozenInCopy(t *testing.T) {
	t.Parallel()
	const records, perChunk = 6_000, 1_500
	s := stack.Start(t, stack.Options{Importers: 2, Env: slices.Concat(impatientWithImporters, []string{
		fmt.Sprintf("LONGSHORE_CHUNK_RECORDS=%d", perChunk), "LONGSHORE_CHUNK_BYTES=67108864",
	})})
	long := strings.Repeat("long ", 2_000)
	release := s.HoldTable("xforce.tools")
	op := s.SubmitLines(tool.Lines(records, func(i int) tool.Tool {
		large := tool.Numbered(i)
		large.Description = long
		return large
	}))
	s.Holds(recoveredWithin, "all steps to stand still", `SELECT count(*) = 4 `+waitingSteps)
	s.FreezeImporter(0)
	released := time.Now()
	release()
	m := s.WaitFor(op, "Succeeded")
	took := m.Finished.Sub(released)
	t.Logf("after the fault it took %s", took)
	if took > recoveredWithin+waitForLong {
		t.Errorf("it took %s", took)
	}
	expectCounts(t, m, client.Counts{Total: records, Created: records, Imported: records})
	expectThawedToWork(t, s)
	if held := s.Number(`SELECT count(*) FROM xforce.tools WHERE length(description) = 10000`); held != records {
		t.Errorf("the table holds %d rows, not %d", held, records)
	}
}

// expectThawedToWork lets the first importer go on, takes the other one away, and expects that it works.
func expectThawedToWork(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.ThawImporter(0)
	s.StopImporter(1)
	again := s.SubmitJSON(tool.SampleJSON)
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	s.Exec(`DELETE FROM xforce.tools WHERE tool_id LIKE 'V%'`)
}

// waitingSteps are the sessions of importers that wait for a lock.
const waitingSteps = `FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'longshore-importer' AND wait_event_type = 'Lock'`

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

// TestStoppedRedis imports while there is no Redis, or one that does not answer: accepted at once, done when Redis is back.
func TestStoppedRedis(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunk}})
	for _, test := range []struct {
		name       string
		away, back func(*stack.Stack)
	}{
		{"stopped", (*stack.Stack).StopRedis, (*stack.Stack).StartRedis},
		{"frozen", (*stack.Stack).FreezeRedis, (*stack.Stack).ThawRedis},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := s.In(t)
			s.Exec(`TRUNCATE xforce.tools`)
			test.away(s)
			small := s.SubmitJSON(tool.SampleJSON)
			if small.Took > acceptedWithin {
				t.Errorf("without Redis the 202 took %s", small.Took)
			}
			large := s.SubmitLines(tool.Lines(longRecords, tool.Numbered))
			back := time.Now()
			test.back(s)
			expectDoneAfter(t, s, back, small, large)
			s.Exec(`DELETE FROM xforce.tools WHERE tool_id LIKE 'V%'`)
			expectLongTable(t, s)
		})
	}
}

// expectDoneAfter waits for imports that a fault kept waiting until a moment.
func expectDoneAfter(t *testing.T, s *stack.Stack, moment time.Time, ops ...client.Accepted) {
	t.Helper()
	for _, op := range ops {
		m := s.WaitFor(op, "Succeeded")
		took := m.Finished.Sub(moment)
		t.Logf("%d records were done %s after the end of the fault", op.TotalRecords, took)
		if took > recoveredWithin+waitForLong {
			t.Errorf("operation %s was done %s after the end of the fault", op.ID, took)
		}
	}
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

// TestEndedStep ends the session of a step, again and again: that is no fault of the chunk and costs it none of its attempts.
func TestEndedStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"}})
	release := s.HoldTable("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	for range 3 {
		s.Holds(recoveredWithin, "a step to be in its middle", `SELECT count(*) > 0 `+waitingSteps)
		if ended := s.Number(`SELECT count(pg_terminate_backend(pid)) ` + waitingSteps); ended != 1 {
			t.Errorf("%d sessions were ended, not 1", ended)
		}
		s.Holds(recoveredWithin, "the step to be over", `SELECT count(*) = 0 `+waitingSteps)
	}
	release()
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}
