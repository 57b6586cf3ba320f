package stack

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
)

// WaitForChunks waits until so many of the operation's chunks are done, and fails the test if the
// operation is already finished, because the fault that follows must hit a running import.
func (s *Stack) WaitForChunks(op client.Accepted, done int) {
	s.tb.Helper()
	s.WaitForSQL(waitLimit, "chunks of the import to be done", `SELECT done_chunks >= $2 FROM xforce.tasks WHERE task_id = $1`, op.ID, done)
	s.MustBeUnfinished(op)
}

// MustBeUnfinished fails the test if the operation is finished: then the fault came too late.
func (s *Stack) MustBeUnfinished(op client.Accepted) {
	s.tb.Helper()
	if s.Number(`SELECT count(*) FROM xforce.tasks WHERE task_id = $1 AND finished_at IS NULL`, op.ID) == 0 {
		s.tb.Fatal("the import was finished before the fault: give it more records")
	}
}

// KillAPI ends the api with SIGKILL.
func (s *Stack) KillAPI() { s.tb.Helper(); s.service("api", 0).kill(s.tb) }

// StopAPI ends the api with SIGTERM, and returns how long it took to exit.
func (s *Stack) StopAPI() time.Duration { s.tb.Helper(); return s.service("api", 0).stop(s.tb) }

// StartAPI starts the api again at the same address.
func (s *Stack) StartAPI() { s.tb.Helper(); s.service("api", 0).restart(s.tb) }

// StopSilent ends the nth process of a service, counted from 0, with SIGTERM while Postgres or Redis
// does not answer it, checks that it exits within its grace and the 10 s after it that
// docker-compose.yml gives, and returns how long it took.
func (s *Stack) StopSilent(service string, n int) time.Duration {
	s.tb.Helper()
	return s.service(service, n).terminate(s.tb, silentExitLimit)()
}

// StartAgain starts the nth process of a service again, after the faults of its proxies ended.
func (s *Stack) StartAgain(service string, n int) {
	s.tb.Helper()
	s.restoreProxies()
	s.service(service, n).restart(s.tb)
}

// BeginAPI starts the api again at the same address. The returned function waits until it is ready.
func (s *Stack) BeginAPI() (ready func()) { s.tb.Helper(); return s.service("api", 0).begin(s.tb) }

// KillImporter ends an importer with SIGKILL.
func (s *Stack) KillImporter(n int) { s.tb.Helper(); s.service("importer", n).kill(s.tb) }

// StartImporter starts an importer again.
func (s *Stack) StartImporter(n int) { s.tb.Helper(); s.service("importer", n).restart(s.tb) }

// StopImporter ends an importer with SIGTERM, and returns how long it took to exit.
func (s *Stack) StopImporter(n int) time.Duration {
	s.tb.Helper()
	return s.service("importer", n).stop(s.tb)
}

// StopImporterMidStep sends SIGTERM to an importer whose step is blocked, and checks that it waits
// for the step. The returned function waits until the importer exits, once the step can continue,
// and returns the time since SIGTERM.
func (s *Stack) StopImporterMidStep(n int) (wait func() time.Duration) {
	s.tb.Helper()
	const window = 300 * time.Millisecond
	importer := s.service("importer", n)
	wait = importer.terminate(s.tb, exitLimit)
	await.Always(s.tb, window, "the importer waits for its step", func() bool { return !importer.ended() })
	return wait
}

// FreezeImporter suspends an importer (SIGSTOP), like a machine that freezes.
func (s *Stack) FreezeImporter(n int) {
	s.tb.Helper()
	s.service("importer", n).signal(s.tb, syscall.SIGSTOP)
}

// ThawImporter resumes a frozen importer.
func (s *Stack) ThawImporter(n int) {
	s.tb.Helper()
	s.service("importer", n).signal(s.tb, syscall.SIGCONT)
}

// KillSearcher ends a searcher with SIGKILL.
func (s *Stack) KillSearcher(n int) { s.tb.Helper(); s.service("searcher", n).kill(s.tb) }

// StartSearcher starts a searcher again.
func (s *Stack) StartSearcher(n int) { s.tb.Helper(); s.service("searcher", n).restart(s.tb) }

// FreezeSearcher suspends a searcher (SIGSTOP).
func (s *Stack) FreezeSearcher(n int) {
	s.tb.Helper()
	s.service("searcher", n).signal(s.tb, syscall.SIGSTOP)
}

// KillReporter ends a reporter with SIGKILL.
func (s *Stack) KillReporter(n int) { s.tb.Helper(); s.service("reporter", n).kill(s.tb) }

// StartReporter starts a reporter again.
func (s *Stack) StartReporter(n int) { s.tb.Helper(); s.service("reporter", n).restart(s.tb) }

// TerminateSession terminates a random Postgres session of the services, and reports whether there
// was one.
func (s *Stack) TerminateSession() bool {
	s.tb.Helper()
	const terminate = `
SELECT count(*) FROM (
  SELECT pg_terminate_backend(pid) FROM (
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'longshore-%'
    ORDER BY random() LIMIT 1) AS victim) AS ended`
	return s.Number(terminate) > 0
}

// BlockWrites locks a table against writes until the test calls release or ends. A step that writes
// to the table is blocked in its middle.
func (s *Stack) BlockWrites(table string) (release func()) {
	s.tb.Helper()
	return s.lockTable(table, "EXCLUSIVE")
}

// BlockReads locks a table against reads and writes until the test calls release or ends.
func (s *Stack) BlockReads(table string) (release func()) {
	s.tb.Helper()
	return s.lockTable(table, "ACCESS EXCLUSIVE")
}

func (s *Stack) lockTable(table, mode string) (release func()) {
	s.tb.Helper()
	tx, err := s.db.Begin(s.tb.Context())
	if err != nil {
		s.tb.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		if err := tx.Rollback(context.Background()); err != nil {
			s.tb.Errorf("unlocking table %s: %v", table, err)
		}
	})
	s.tb.Cleanup(release)
	if _, err := tx.Exec(s.tb.Context(), "LOCK TABLE "+table+" IN "+mode+" MODE"); err != nil {
		s.tb.Fatalf("locking table %s: %v", table, err)
	}
	return release
}
