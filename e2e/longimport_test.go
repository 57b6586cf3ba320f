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
	longRecords  = 60_000
	longChunkEnv = "LONGSHORE_CHUNK_RECORDS=150"
	longChunks   = longRecords / 150

	// recoveryLimit is what a fault may cost, beyond the import's normal time.
	recoveryLimit = 15 * time.Second
	// handoverLimit is what a stop in good order may cost.
	handoverLimit = 5 * time.Second
)

// longImport is an import in which faults happen.
type longImport struct {
	stack *stack.Stack
	op    client.Accepted
	end   func(status string) client.Monitor
	began time.Time
}

// startLongImport sends it and returns when the given share of its chunks is done.
func startLongImport(s *stack.Stack, percent int) *longImport {
	op := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
	l := &longImport{stack: s, op: op, end: s.Watch(op), began: time.Now()}
	s.WaitForChunks(op, longChunks*percent/100)
	return l
}

// expectRecovery does harm in the middle of the import and then holds its end against the promise: every record exactly once, and
// not later than the time that the rest would have taken plus the allowance.
func (l *longImport) expectRecovery(t *testing.T, allowance time.Duration, harm func()) {
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
