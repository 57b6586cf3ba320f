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

func TestImporterKilled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	startLongImport(s, 20).expectRecovery(t, recoveryLimit, func() {
		s.KillImporter(0)
	})
}

// TestImportersKilledRepeatedly kills one importer after the other, again and again, so that at times there is none.
func TestImportersKilledRepeatedly(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	l := startLongImport(s, 10)
	l.expectRecovery(t, recoveryLimit, func() {
		for percent := 15; percent <= 45; percent += 10 {
			s.KillImporter(0)
			s.KillImporter(1)
			s.StartImporter(0)
			s.StartImporter(1)
			s.WaitForChunks(l.op, longChunks*percent/100)
		}
	})
}

// TestImporterKilledDuringStep kills the only importer while its step has locked the chunk and waits to write.
func TestImporterKilledDuringStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitForSQL(recoveryLimit, "a step to be in its middle", `SELECT count(*) > 0 `+blockedSteps)
	s.KillImporter(0)
	s.StartImporter(0)
	release()
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}

// TestImporterStopped asks an importer to end in the middle of its work, as a rolling update does.
func TestImporterStopped(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	startLongImport(s, 20).expectRecovery(t, handoverLimit, func() {
		t.Logf("the importer ended %s after SIGTERM", s.StopImporter(0))
	})
}

// TestImporterStoppedDuringStep asks the only importer to end while its step waits to write: it finishes that step.
func TestImporterStoppedDuringStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitForSQL(recoveryLimit, "a step to be in its middle", `SELECT count(*) > 0 `+blockedSteps)
	end := s.StopImporterMidStep(0)
	release()
	t.Logf("the importer ended %s after SIGTERM", end())
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}

// impatientWithImporters makes the bounds of frozen importers short.
var impatientWithImporters = []string{
	"LONGSHORE_FROZEN_AFTER=2s", "LONGSHORE_STALLED_AFTER=2s", "LONGSHORE_IMPORTER_CONCURRENCY=2",
}

// TestImporterFrozenBetweenStatements freezes an importer whose steps wait for a statement: when it is done, nobody commits, until Postgres
// ends the session. The other importer must be able to go on, and what the frozen one does when it wakes up must not matter.
func TestImporterFrozenBetweenStatements(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: slices.Concat(impatientWithImporters, []string{longChunkEnv})})
	l := startLongImport(s, 10)
	release := s.BlockWrites("xforce.task_progress")
	s.WaitForSQL(recoveryLimit, "all steps to stand still", `SELECT count(*) = 4 `+blockedSteps)
	s.FreezeImporter(0)
	l.expectRecovery(t, recoveryLimit, release)
	expectThawedToWork(t, s)
	expectLongTable(t, s)
}

// TestImporterFrozenDuringCopy freezes an importer that has sent only a part of a COPY: no timeout of Postgres fires there, and the janitor has
// to end the session. Chunks are larger than what fits into the buffers between the two.
func TestImporterFrozenDuringCopy(t *testing.T) {
	t.Parallel()
	const records, perChunk = 6_000, 1_500
	s := stack.Start(t, stack.Options{Importers: 2, Env: slices.Concat(impatientWithImporters, []string{
		fmt.Sprintf("LONGSHORE_CHUNK_RECORDS=%d", perChunk), "LONGSHORE_CHUNK_BYTES=67108864",
	})})
	long := strings.Repeat("long ", 2_000)
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitLines(tool.NDJSON(records, func(i int) tool.Tool {
		large := tool.Numbered(i)
		large.Description = long
		return large
	}))
	s.WaitForSQL(recoveryLimit, "all steps to stand still", `SELECT count(*) = 4 `+blockedSteps)
	s.FreezeImporter(0)
	released := time.Now()
	release()
	m := s.WaitFor(op, "Succeeded")
	took := m.Finished.Sub(released)
	t.Logf("after the fault it took %s", took)
	if took > recoveryLimit+waitForLong {
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

// blockedSteps are the sessions of importers that wait for a table. Others may wait for a row beside them: a delivery that came twice waits for
// the chunk.
const blockedSteps = `FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'longshore-importer' AND wait_event_type = 'Lock' AND wait_event = 'relation'`
