package standby_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/postgres"
	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// workLimit is the maximum time from the promotion until all work is finished, on a busy machine.
	workLimit = 2 * time.Minute
	// foundLimit is the maximum time from the promotion until each service is ready: 15 s, and as much
	// again for a busy machine.
	foundLimit = 30 * time.Second
)

var services = []string{"api", "importer", "searcher", "reporter", "janitor"}

// failover is a way in which a standby takes over.
type failover struct {
	name string
	// end lets the primary fail.
	end func(t *testing.T, primary *postgres.Server)
	// after ends it for good, once the work is finished.
	after func(t *testing.T, s *stack.Stack, old *postgres.Server)
}

// failovers begins with the silence of the host that is the first in the address of the database: every
// new connection tries it first.
func failovers() []failover {
	nothing := func(*testing.T, *stack.Stack, *postgres.Server) {}
	return []failover{
		{"silent", func(t *testing.T, primary *postgres.Server) { t.Helper(); signal(t, primary, syscall.SIGSTOP) }, returns},
		{"killed", kill, nothing},
		{"stopped", stop, nothing},
	}
}

// returns lets the old primary answer again. It accepts changes, because it does not know of the new
// one, and it is the first in the address of the database. The running services and migrate must
// not change it, and a service that is started while it is silent must find the new one.
func returns(t *testing.T, s *stack.Stack, old *postgres.Server) {
	t.Helper()
	s.KillImporter(0)
	s.StartImporter(0)
	if output := stack.Run(t, "migrate", s.Env()); !strings.Contains(output, "schema is at version") {
		t.Errorf("migrate beside a silent host says %s, want the version of the schema", output)
	}
	signal(t, old, syscall.SIGCONT)
	op := s.SubmitJSON(tool.JSON(tool.Numbered(1)))
	s.WaitFor(op, "Succeeded")
	conn := connect(t, databaseOn(old, s))
	defer func() { _ = conn.Close(context.Background()) }()
	var has bool
	if err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1)`, op.ID).Scan(&has); err != nil || has {
		t.Errorf("the old primary has the operation that was accepted after the failover: %v (%v), want false", has, err)
	}
	kill(t, old)
}

func stop(t *testing.T, server *postgres.Server) {
	t.Helper()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
}

// startStack starts a stack whose address has the primary first. A new database may not be on the
// standby yet, and the driver does not try the next host if a database does not exist.
func startStack(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	t.Setenv("DATABASE_URL", servers.url())
	return stack.Start(t, o)
}

// longImports are the options of a stack whose imports have many chunks.
func longImports() stack.Options {
	return stack.Options{Importers: 2, Env: []string{"LONGSHORE_CHUNK_RECORDS=200"}}
}

// TestSynchronousFailover: a standby that confirms every commit takes over in the middle of all kinds
// of work. Nothing that was answered with 202 is lost, and the audit at the end of the stack finds
// every record counted once.
func TestSynchronousFailover(t *testing.T) {
	s := startStack(t, longImports())
	for _, f := range failovers() {
		t.Run(f.name, func(t *testing.T) {
			s := s.WithTB(t)
			servers.confirm(t, true)
			small := startSubmitter(t, s)
			work := startWork(t, s)
			old := servers.primary
			f.end(t, old)
			servers.promote(t)
			promoted := time.Now()
			s.DB().Reset()
			awaitReady(t, s)
			t.Logf("all services were ready %.1f s after the promotion", time.Since(promoted).Seconds())
			for name, took := range follow(t, s, work) {
				t.Logf("the %s was finished %.1f s after the promotion", name, took.Seconds())
			}
			small.end()
			mustHaveAll(t, s, small)
			f.after(t, s, old)
			servers.rejoin(t)
		})
	}
}

func awaitReady(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, service := range services {
		await.Until(t, foundLimit, "the "+service+" to find the new primary", func() bool { return s.Ready(service, 0) })
	}
}

// mustHaveAll fails the test unless every import that was answered with 202 succeeds.
func mustHaveAll(t *testing.T, s *stack.Stack, small *submitter) {
	t.Helper()
	if len(small.accepted) == 0 || len(small.unexpected) > 0 {
		t.Errorf("small imports: %d accepted, unexpected answers: %q", len(small.accepted), small.unexpected)
	}
	t.Logf("%d of %d small imports were accepted, %d had an unknown outcome", len(small.accepted), small.sent, small.unknown)
	for _, op := range small.accepted {
		s.WaitFor(op, "Succeeded")
	}
}
