package poolers

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }

// systemTestsLimit is the time limit of the system tests on a slow machine. They take five minutes on
// two idle cores.
const systemTestsLimit = 20 * time.Minute

// TestSystemTestsThroughPgBouncer runs all system tests with a PgBouncer of 20 sessions between each
// stack and Postgres.
func TestSystemTestsThroughPgBouncer(t *testing.T) {
	command := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-count=1", "-timeout="+systemTestsLimit.String(),
		"github.com/longshore-io/longshore/e2e")
	command.Env = append(os.Environ(), stack.PoolerVariable+"=pgbouncer")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("the system tests through PgBouncer: %v\n%s", err, output)
	}
}

// TestFewSessions: five sessions for all services are enough for imports, searches, reports and a
// split at the same time: nothing waits for a session that waits for another one.
func TestFewSessions(t *testing.T) {
	s := stack.Start(t, stack.Options{PoolerSessions: 5, Importers: 2, Reporters: 2, Env: []string{smallChunks}})
	var ops []client.Accepted
	for range 3 {
		for _, start := range []start{startImport, startSplit, startSearch, startReport, startExport} {
			ops = append(ops, start(t, s, func() {}))
		}
	}
	for _, op := range ops {
		s.WaitFor(op, "Succeeded")
	}
}

// TestUndeclaredPooler: a service without the setting refuses to start behind the pooler, and says
// what to do.
func TestUndeclaredPooler(t *testing.T) {
	s := stack.Start(t, stack.Options{PoolerSessions: 5})
	// The running api has the address of the environment.
	env := append(s.Env(), "LONGSHORE_DB_POOLER=none", "LONGSHORE_ADDR=127.0.0.1:0")
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			output := stack.MustNotStart(t, service, env)
			if !strings.Contains(output, "set LONGSHORE_DB_POOLER=transaction") {
				t.Errorf("output = %s, want the setting to change", output)
			}
		})
	}
}

// TestMigrateBesideAPooler: migrate needs a session of its own. It refuses the address of a pooler,
// and uses that of Postgres itself.
func TestMigrateBesideAPooler(t *testing.T) {
	s := stack.Start(t, stack.Options{PoolerSessions: 5})
	const want = "LONGSHORE_DIRECT_DATABASE_URL"
	for _, pooler := range []string{"none", "transaction"} {
		if output := stack.MustNotStart(t, "migrate", append(s.Env(), "LONGSHORE_DB_POOLER="+pooler)); !strings.Contains(output, want) {
			t.Errorf("migrate with LONGSHORE_DB_POOLER=%s printed %s, want %s", pooler, output, want)
		}
	}
	output := stack.Run(t, "migrate", append(s.Env(), want+"="+s.DB().Config().ConnString()))
	if !strings.Contains(output, "schema is at version") {
		t.Errorf("migrate with %s printed %s, want the version of the schema", want, output)
	}
}

// TestSeveralHosts: migrate and all services use the second host of their address while the first is
// dead.
func TestSeveralHosts(t *testing.T) {
	s := stack.Start(t, stack.Options{DeadHost: true})
	if output := stack.Run(t, "migrate", s.Env()); !strings.Contains(output, "schema is at version") {
		t.Errorf("migrate printed %s, want the version of the schema", output)
	}
	s.WaitFor(s.SubmitJSON(tool.SampleJSON), "Succeeded")
	s.WaitFor(startReport(t, s, func() {}), "Succeeded")
}
