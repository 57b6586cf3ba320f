package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestImportersScale goes from one importer to four and back to one during an import. New importers
// take chunks immediately, stopping ones finish their current chunk and return the rest to the
// queue, and no chunk is attempted twice.
func TestImportersScale(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 1, Env: []string{longChunkEnv}})
	l := startLongImport(s, 10)
	logPhase := func(phase string) {
		t.Logf("%6.2f s  %3d of %d chunks  %s", time.Since(l.start).Seconds(), doneChunks(s, l.op), longChunks, phase)
	}
	logPhase("one importer")
	for range 3 {
		s.Add("importer")
	}
	logPhase("four importers are ready")
	s.WaitForChunks(l.op, longChunks/2)
	for n, share := range s.MetricsByProcess("importer") {
		committed := share.Value("longshore_step_seconds", "kind", "import:chunk", "result", "committed")
		t.Logf("importer %d has committed %.0f chunks", n+1, committed)
		if committed == 0 {
			t.Errorf("importer %d committed 0 chunks, want more", n+1)
		}
	}
	logPhase("three are asked to end")
	for range 3 {
		t.Logf("an importer ended %s after SIGTERM", s.Remove("importer").Round(time.Millisecond))
	}
	logPhase("one importer is left")
	m := l.wait("Succeeded")
	logPhase("done")
	expectCounts(t, m, client.Counts{Total: longRecords, Created: longRecords, Imported: longRecords})
	expectLongTable(t, s)
	expectOneAttemptEach(t, s)
}

func doneChunks(s *stack.Stack, op client.Accepted) int {
	return s.Number(`SELECT done_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID)
}

// expectOneAttemptEach expects one attempt of every chunk. Exempt are chunks that the janitor
// dispatched again because a busy machine did not start them within two seconds: they count one
// attempt for each delivery.
func expectOneAttemptEach(t *testing.T, s *stack.Stack) {
	t.Helper()
	const again = `SELECT task_id::text, seq FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE t.kind = 'import' AND c.attempts > 1`
	rows, err := s.DB().Query(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	type chunk struct {
		ID  string
		Seq int
	}
	chunks, err := pgx.CollectRows(rows, pgx.RowToStructByPos[chunk])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		again := slices.ContainsFunc(s.LogLines("janitor", "dispatched a chunk", "operation="+c.ID), func(line string) bool {
			return slices.Contains(strings.Fields(line), fmt.Sprintf("chunk=%d", c.Seq))
		})
		if !again {
			t.Errorf("chunk %d of operation %s has several attempts, want 1", c.Seq, c.ID)
		}
	}
}

// TestImporterStopReleasesChunks expects another importer to run the chunks that a stopping
// importer returns within two seconds.
func TestImporterStopReleasesChunks(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	op := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
	end := s.Watch(op)
	s.WaitForChunks(op, longChunks/10)
	elapsed := s.StopImporter(0)
	const now = `SELECT (extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC') * 1000)::bigint`
	stopped, done := s.Number(now), doneChunks(s, op)
	// Every lane must have continued: as many chunks as can be queued at a time, and one more. The
	// time comes from the database, because the test itself may be delayed by others.
	const lanes = 8
	s.WaitForChunks(op, done+lanes+1)
	moved := s.Number(`SELECT (extract(epoch FROM stepped_at) * 1000)::bigint FROM xforce.task_chunks
		WHERE task_id = $1 AND stepped_at IS NOT NULL ORDER BY stepped_at OFFSET $2 LIMIT 1`, op.ID, done+lanes)
	needed := time.Duration(moved-stopped) * time.Millisecond
	t.Logf("it ended %s after SIGTERM; %s later every lane had moved on", elapsed.Round(time.Millisecond), needed)
	if needed > 2*time.Second {
		t.Errorf("the other importer continued after %s, want at most 2s", needed)
	}
	expectCounts(t, end("Succeeded"), client.Counts{Total: longRecords, Created: longRecords, Imported: longRecords})
	expectOneAttemptEach(t, s)
}
