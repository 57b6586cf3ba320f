package poolers

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// maxSilence is how long work may stand still because connections went silent.
const maxSilence = 15 * time.Second

// TestSilentPostgres: imports go on after all connections of a service to Postgres fell silent in
// the middle of a step, while their traffic is still acknowledged.
func TestSilentPostgres(t *testing.T) {
	for _, service := range []string{"importer", "janitor"} {
		t.Run(service, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Proxied: []string{"importer", "janitor"}})
			op := s.SubmitLines(tool.NDJSON(60_000, tool.Numbered))
			s.WaitForChunks(op, 2)
			s.Postgres(service, 0).Silence()
			silent := time.Now()
			s.WaitForSQL(time.Minute, "the import to go on", `SELECT done_chunks > 4 OR finished_at IS NOT NULL FROM xforce.tasks WHERE task_id = $1`, op.ID)
			took := time.Since(silent)
			t.Logf("the import went on %s after the silence of the %s", took, service)
			if took > maxSilence {
				t.Errorf("the import went on after %s, want at most %s", took, maxSilence)
			}
			s.WaitFor(op, "Succeeded")
		})
	}
}
