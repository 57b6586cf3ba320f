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

// TestImporterKilled kills one of two importers during an import.
func TestImporterKilled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	startLongImport(s, 20).expectRecovery(t, recoveryLimit, func() {
		s.KillImporter(0)
	})
}

// TestImportersKilledRepeatedly kills and restarts both importers several times during an import.
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

// TestImporterKilledDuringStep kills the only importer while its step has locked the chunk and is
// blocked when it writes.
func TestImporterKilledDuringStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitForSQL(recoveryLimit, "a step to be blocked", `SELECT count(*) > 0 `+blockedSteps)
	s.KillImporter(0)
	s.StartImporter(0)
	release()
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}

// TestImporterStopped stops an importer during an import, as a rolling update does.
func TestImporterStopped(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	startLongImport(s, 20).expectRecovery(t, handoverLimit, func() {
		t.Logf("importer exited %s after SIGTERM", s.StopImporter(0))
	})
}

// TestImporterStoppedDuringStep stops the only importer while its step is blocked. The importer
// finishes the step before it exits.
func TestImporterStoppedDuringStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitForSQL(recoveryLimit, "a step to be blocked", `SELECT count(*) > 0 `+blockedSteps)
	wait := s.StopImporterMidStep(0)
	release()
	t.Logf("importer exited %s after SIGTERM", wait())
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}

// shortFreezeTimeouts sets short timeouts for frozen importers.
var shortFreezeTimeouts = []string{
	"LONGSHORE_FROZEN_AFTER=2s", "LONGSHORE_STALLED_AFTER=2s", "LONGSHORE_IMPORTER_CONCURRENCY=2",
}

// TestImporterFrozenBetweenStatements freezes an importer whose steps wait for a statement. When
// the statement is done, its transaction stays open until Postgres terminates the session. The
// other importer then continues, and the frozen one must have no effect when it is resumed.
func TestImporterFrozenBetweenStatements(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: slices.Concat(shortFreezeTimeouts, []string{longChunkEnv})})
	l := startLongImport(s, 10)
	release := s.BlockWrites("xforce.task_progress")
	s.WaitForSQL(recoveryLimit, "all steps to be blocked", `SELECT count(*) = 4 `+blockedSteps)
	s.FreezeImporter(0)
	l.expectRecovery(t, recoveryLimit, release)
	expectThawedImporterWorks(t, s)
	expectLongTable(t, s)
}

// TestImporterFrozenDuringCopy freezes an importer that has sent only a part of a COPY. Postgres
// has no timeout for this, so the janitor must terminate the session. The chunks are larger than
// the buffers between importer and Postgres.
func TestImporterFrozenDuringCopy(t *testing.T) {
	t.Parallel()
	const records, perChunk = 6_000, 1_500
	s := stack.Start(t, stack.Options{Importers: 2, Env: slices.Concat(shortFreezeTimeouts, []string{
		fmt.Sprintf("LONGSHORE_CHUNK_RECORDS=%d", perChunk), "LONGSHORE_CHUNK_BYTES=67108864",
	})})
	long := strings.Repeat("long ", 2_000)
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitLines(tool.NDJSON(records, func(i int) tool.Tool {
		large := tool.Numbered(i)
		large.Description = long
		return large
	}))
	s.WaitForSQL(recoveryLimit, "all steps to be blocked", `SELECT count(*) = 4 `+blockedSteps)
	s.FreezeImporter(0)
	released := time.Now()
	release()
	m := s.WaitFor(op, "Succeeded")
	elapsed := m.Finished.Sub(released)
	t.Logf("finished %s after the fault", elapsed)
	if elapsed > recoveryLimit+maxLongImport {
		t.Errorf("got the end %s after the fault, want at most %s", elapsed, recoveryLimit+maxLongImport)
	}
	expectCounts(t, m, client.Counts{Total: records, Created: records, Imported: records})
	expectThawedImporterWorks(t, s)
	if got := s.Number(`SELECT count(*) FROM xforce.tools WHERE length(description) = 10000`); got != records {
		t.Errorf("got %d rows in the table, want %d", got, records)
	}
}

// expectThawedImporterWorks resumes the first importer, stops the other one, and checks that the
// first one runs an import.
func expectThawedImporterWorks(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.ThawImporter(0)
	s.StopImporter(1)
	again := s.SubmitJSON(tool.SampleJSON)
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	s.Exec(`DELETE FROM xforce.tools WHERE tool_id LIKE 'V%'`)
}

// blockedSteps selects the sessions of importers that wait for the lock of a table. Sessions of
// entries that were delivered twice wait for the lock of a row and do not count.
const blockedSteps = `FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'longshore-importer' AND wait_event_type = 'Lock' AND wait_event = 'relation'`
