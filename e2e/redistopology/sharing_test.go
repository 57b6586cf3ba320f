package redistopology_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
	"github.com/longshore-io/longshore/pkg/job"
)

// sharingImports is the number of imports of each installation, one after another.
const sharingImports = 20

// stolen is a time that an import of one record takes only if the janitor had to queue it again: at
// least two passes (LONGSHORE_DISPATCH_EVERY).
const stolen = time.Minute

// TestSharing lets two installations with a prefix and one without share a Redis. None may receive the
// entries of another: a worker that knows no such operation acknowledges the entry, and the import
// waits for the janitor, whose passes are too rare here.
func TestSharing(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	start := func(prefix string) *stack.Stack {
		return stack.Start(t, stack.Options{Consoles: 1, Env: []string{
			"REDIS_URL=" + server.URL(), "LONGSHORE_REDIS_PREFIX=" + prefix, "LONGSHORE_DISPATCH_EVERY=" + stolen.String(),
		}})
	}
	stacks := map[string]*stack.Stack{"": start(""), "blue-": start("blue"), "green-": start("green")}
	for range sharingImports {
		for _, s := range stacks {
			op := s.SubmitLines(tool.NDJSON(1, tool.Numbered))
			monitor := s.WaitFor(op, "Succeeded")
			if took := monitor.Finished.Sub(*monitor.Created); took > stolen/2 {
				t.Errorf("an import of one record took %s", took)
			}
		}
	}
	for prefix, s := range stacks {
		useEverything(t, s)
		expectConsole(t, s, prefix+"imports", prefix+"searches", prefix+"reports")
		for _, name := range consoleQueues(t, s) {
			if own, found := strings.CutPrefix(name, prefix); !found || !slices.Contains(job.Queues(), own) {
				t.Errorf("the console of %q lists the queue %q of another installation", prefix, name)
			}
		}
	}
}
