package e2e_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// startSplit finishes an upload of many chunks and waits until an importer is splitting it.
func startSplit(t *testing.T, s *stack.Stack, records int) client.Accepted {
	t.Helper()
	u := startMultipartUpload(t, s, "application/x-ndjson", nil)
	for i, part := range splitRandomly(newRandom(t), tool.NDJSON(records, tool.Numbered), 4<<20) {
		u.mustPut(t, s, i+1, part)
	}
	op := u.finish(t, s)
	const splitting = `SELECT count(*) >= 20 FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE task_id = $1 AND total_chunks = 0`
	s.WaitForSQL(time.Minute, "the upload to be partly split", splitting, op.ID)
	return op
}

const splitRecords = 40_000

var smallChunks = []string{"LONGSHORE_CHUNK_RECORDS=40"}

// TestMultipartSplitSurvivesKill kills the importer while it splits an upload. Another one
// continues, and every record is imported once.
func TestMultipartSplitSurvivesKill(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: smallChunks})
	op := startSplit(t, s, splitRecords)
	s.KillImporter(0)
	if s.Number(`SELECT total_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID) != 0 {
		t.Fatal("the upload was split before the fault: increase splitRecords")
	}
	s.FlushRedis()
	s.StartImporter(0)
	m := s.WaitFor(op, "Succeeded")
	expectCounts(t, m, client.Counts{Total: splitRecords, Created: splitRecords, Imported: splitRecords})
	if rows := s.Number(`SELECT count(*) FROM xforce.tools`); rows != splitRecords {
		t.Errorf("table has %d rows, want %d", rows, splitRecords)
	}
	expectPartsCleared(t, s)
}

// TestMultipartSplitCancelled cancels an upload while it is split. Nothing is imported, and its
// parts and chunks are deleted.
func TestMultipartSplitCancelled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: smallChunks})
	op := startSplit(t, s, splitRecords)
	expectCounts(t, mustCancel(t, s, op), client.Counts{})
	expectPartsCleared(t, s)
	s.WaitForSQL(cleanupTimeout, "the chunks to be deleted", `SELECT NOT EXISTS (SELECT FROM xforce.task_chunks WHERE seq >= 0)`)
	expectTools(t, s, []tool.Tool{})
}

// TestMultipartSplitsDoNotDelayImports blocks more splits than the importer runs chunks at a time.
// A small import still succeeds.
func TestMultipartSplitsDoNotDelayImports(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_IMPORTER_CONCURRENCY=2"}})
	var uploads []multipartUpload
	for range 3 {
		u := startMultipartUpload(t, s, "application/x-ndjson", nil)
		u.mustPut(t, s, 1, tool.NDJSON(10, tool.Numbered))
		uploads = append(uploads, u)
	}
	release := s.BlockReads("xforce.upload_pieces")
	var splits []client.Accepted
	for _, u := range uploads {
		splits = append(splits, u.finish(t, s))
	}
	s.WaitForSQL(cleanupTimeout, "a split to be blocked",
		`SELECT EXISTS (SELECT FROM xforce.tasks WHERE status = 'running' AND total_chunks = 0)`)
	small := s.SubmitJSON(tool.SampleJSON)
	s.WaitFor(small, "Succeeded")
	release()
	for _, op := range splits {
		s.WaitFor(op, "Succeeded")
	}
}
