package poolers

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }

// TestSystemTestsThroughPgBouncer runs all system tests with a PgBouncer of 20 sessions between each
// stack and Postgres.
func TestSystemTestsThroughPgBouncer(t *testing.T) {
	command := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-timeout=30m", "github.com/longshore-io/longshore/e2e")
	command.Env = append(os.Environ(), stack.PoolerVariable+"=pgbouncer")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("the system tests through PgBouncer: %v\n%s", err, output)
	}
}

// TestFewSessions: five sessions for all services are enough for imports, searches, reports and a
// split at the same time: nothing waits for a session that waits for another one.
func TestFewSessions(t *testing.T) {
	s := stack.Start(t, stack.Options{PoolerSessions: 5, Importers: 2, Reporters: 2})
	var ops []client.Accepted
	for range 10 {
		ops = append(ops, s.SubmitLines(tool.NDJSON(5_000, tool.Numbered)))
	}
	for _, op := range ops {
		s.WaitFor(op, "Succeeded")
	}
}

// TestUndeclaredPooler: a service without the setting refuses to start behind the pooler, and says
// what to do.
func TestUndeclaredPooler(t *testing.T) {
	s := stack.Start(t, stack.Options{PoolerSessions: 5})
	env := append(s.Env(), "LONGSHORE_DB_POOLER=none")
	for _, service := range []string{"api", "importer", "searcher", "reporter", "janitor"} {
		t.Run(service, func(t *testing.T) {
			output := stack.MustNotStart(t, service, env)
			if !strings.Contains(output, "set LONGSHORE_DB_POOLER=transaction") {
				t.Errorf("output = %s, want the setting to change", output)
			}
		})
	}
}
