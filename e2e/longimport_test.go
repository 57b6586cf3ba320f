package e2e_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// longRecords in small chunks, set by longChunkEnv, take long enough for a fault during the
	// import.
	longRecords  = 60_000
	longChunkEnv = "LONGSHORE_CHUNK_RECORDS=150"
	longChunks   = longRecords / 150

	// recoveryLimit is the maximum delay by a fault, in addition to the import's normal time.
	recoveryLimit = 15 * time.Second
	// handoverLimit is the maximum delay by a graceful stop.
	handoverLimit = 10 * time.Second
)

// longImport is an import during which faults occur.
type longImport struct {
	stack *stack.Stack
	op    client.Accepted
	wait  func(status string) client.Monitor
	start time.Time
}

// startLongImport posts the import and returns when this share of its chunks is done.
func startLongImport(s *stack.Stack, percent int) *longImport {
	op := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
	l := &longImport{stack: s, op: op, wait: s.Watch(op), start: time.Now()}
	s.WaitForChunks(op, longChunks*percent/100)
	return l
}

// expectRecovery causes a fault during the import, and checks that every record is imported exactly
// once and that the rest of the import takes no longer than without the fault, plus a maximum
// delay.
func (l *longImport) expectRecovery(t *testing.T, maxDelay time.Duration, fault func()) {
	t.Helper()
	done := l.stack.Number(`SELECT done_chunks FROM xforce.tasks WHERE task_id = $1`, l.op.ID)
	normal := time.Since(l.start) * time.Duration(longChunks-done) / time.Duration(done)
	faultTime := time.Now()
	fault()
	m := l.wait("Succeeded")
	elapsed := m.Finished.Sub(faultTime)
	t.Logf("finished %s after the fault at %d of %d chunks; about %s without a fault", elapsed, done, longChunks, normal)
	if elapsed > normal+maxDelay {
		t.Errorf("got the end %s after the fault, want at most %s + %s", elapsed, normal, maxDelay)
	}
	expectCounts(t, m, client.Counts{Total: longRecords, Created: longRecords, Imported: longRecords})
	expectLongTable(t, l.stack)
	if seen := l.stack.Client().Seen(l.op.OperationLocation); seen < 10 {
		t.Errorf("got %d polls of the import, want at least 10", seen)
	}
}

// expectLongTable checks that the table contains every record of the import, with its own row
// number.
func expectLongTable(t *testing.T, s *stack.Stack) {
	t.Helper()
	matching := s.Number(`SELECT count(*) FROM xforce.tools WHERE tool_id = 'N' || lpad((import_row - 1)::text, 9, '0')
		AND tool_name = 'Tool number ' || (import_row - 1) AND cardinality(features) = 3`)
	all := s.Number(`SELECT count(*) FROM xforce.tools`)
	if matching != longRecords || all != longRecords {
		t.Errorf("got %d rows, %d of them as sent, want %d", all, matching, longRecords)
	}
}
