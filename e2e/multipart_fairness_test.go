package e2e_test

import (
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

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
