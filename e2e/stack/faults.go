package stack

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
)

// WaitForChunks waits until so many of the operation's chunks are done, and fails the test if all of them are: what follows
// is to happen in the middle.
func (s *Stack) WaitForChunks(op client.Accepted, done int) {
	s.tb.Helper()
	s.WaitForSQL(waitLimit, "the import to be in its middle", `SELECT done_chunks >= $2 FROM xforce.tasks WHERE task_id = $1`, op.ID, done)
	s.MustBeUnfinished(op)
}

// MustBeUnfinished fails the test if the operation is finished: then what the test wanted to disturb was over before.
func (s *Stack) MustBeUnfinished(op client.Accepted) {
	s.tb.Helper()
	if s.Number(`SELECT count(*) FROM xforce.tasks WHERE task_id = $1 AND finished_at IS NULL`, op.ID) == 0 {
		s.tb.Fatal("the import was finished before the fault: give it more records")
	}
}

// KillAPI ends the api with SIGKILL.
func (s *Stack) KillAPI() { s.tb.Helper(); s.service("api", 0).kill(s.tb) }

// StopAPI asks the api to end, which it must do in time, and returns how long it took.
func (s *Stack) StopAPI() time.Duration { s.tb.Helper(); return s.service("api", 0).stop(s.tb) }

// StartAPI starts the api again, at the same address.
func (s *Stack) StartAPI() { s.tb.Helper(); s.service("api", 0).restart(s.tb) }

// KillImporter ends an importer with SIGKILL.
func (s *Stack) KillImporter(n int) { s.tb.Helper(); s.service("importer", n).kill(s.tb) }

// StartImporter starts an importer again.
func (s *Stack) StartImporter(n int) { s.tb.Helper(); s.service("importer", n).restart(s.tb) }

// StopImporter asks an importer to end, which it must do in time, and returns how long it took.
func (s *Stack) StopImporter(n int) time.Duration {
	s.tb.Helper()
	return s.service("importer", n).stop(s.tb)
}

// StopImporterMidStep asks an importer to end whose step cannot end, and sees that it waits for it. The function that it
// returns waits for the end of the importer, once the step can go on.
func (s *Stack) StopImporterMidStep(n int) (end func() time.Duration) {
	s.tb.Helper()
	const window = 300 * time.Millisecond
	importer := s.service("importer", n)
	end = importer.askToStop(s.tb)
	await.Always(s.tb, window, "the importer waits for its step", func() bool { return !importer.ended() })
	return end
}

// FreezeImporter stops an importer where it stands (SIGSTOP), as a frozen machine would.
func (s *Stack) FreezeImporter(n int) {
	s.tb.Helper()
	s.service("importer", n).signal(s.tb, syscall.SIGSTOP)
}

// ThawImporter lets a frozen importer go on.
func (s *Stack) ThawImporter(n int) {
	s.tb.Helper()
	s.service("importer", n).signal(s.tb, syscall.SIGCONT)
}

// KillSearcher ends a searcher with SIGKILL.
func (s *Stack) KillSearcher(n int) { s.tb.Helper(); s.service("searcher", n).kill(s.tb) }

// StartSearcher starts a searcher again.
func (s *Stack) StartSearcher(n int) { s.tb.Helper(); s.service("searcher", n).restart(s.tb) }

// FreezeSearcher stops a searcher where it stands (SIGSTOP).
func (s *Stack) FreezeSearcher(n int) {
	s.tb.Helper()
	s.service("searcher", n).signal(s.tb, syscall.SIGSTOP)
}

// KillReporter ends a reporter with SIGKILL.
func (s *Stack) KillReporter(n int) { s.tb.Helper(); s.service("reporter", n).kill(s.tb) }

// StartReporter starts a reporter again.
func (s *Stack) StartReporter(n int) { s.tb.Helper(); s.service("reporter", n).restart(s.tb) }

// FlushRedis deletes everything in Redis.
func (s *Stack) FlushRedis() {
	s.tb.Helper()
	conn := s.connectRedis()
	defer func() { _ = conn.Close() }()
	if err := conn.FlushAll(s.tb.Context()).Err(); err != nil {
		s.tb.Fatalf("flushing Redis: %v", err)
	}
}

// DrainQueue waits until nothing is left in a queue, waiting, delayed or in a worker's hands.
func (s *Stack) DrainQueue(name string) {
	s.tb.Helper()
	conn := s.connectRedis()
	defer func() { _ = conn.Close() }()
	await.Until(s.tb, waitLimit, "the queue "+name+" to be empty", func() bool {
		pipe := conn.Pipeline()
		key := "asynq:{" + name + "}:"
		left := []*goredis.IntCmd{
			pipe.LLen(s.tb.Context(), key+"pending"), pipe.LLen(s.tb.Context(), key+"active"),
			pipe.ZCard(s.tb.Context(), key+"scheduled"), pipe.ZCard(s.tb.Context(), key+"retry"),
		}
		if _, err := pipe.Exec(s.tb.Context()); err != nil {
			s.tb.Fatalf("looking into queue %s: %v", name, err)
		}
		return !slices.ContainsFunc(left, func(one *goredis.IntCmd) bool { return one.Val() > 0 })
	})
}

func (s *Stack) connectRedis() *goredis.Client {
	s.tb.Helper()
	options, err := goredis.ParseURL(s.redis.URL())
	if err != nil {
		s.tb.Fatal(err)
	}
	return goredis.NewClient(options)
}

// StopRedis ends Redis in good order. It keeps nothing.
func (s *Stack) StopRedis() {
	s.tb.Helper()
	if err := s.redis.Stop(); err != nil {
		s.tb.Fatalf("stopping Redis: %v", err)
	}
}

// KillRedis ends Redis with SIGKILL.
func (s *Stack) KillRedis() {
	s.tb.Helper()
	if err := s.redis.Kill(); err != nil {
		s.tb.Fatalf("killing Redis: %v", err)
	}
}

// FreezeRedis stops Redis where it stands: connections are taken, and nobody answers.
func (s *Stack) FreezeRedis() {
	s.tb.Helper()
	if err := syscall.Kill(s.redis.Pid(), syscall.SIGSTOP); err != nil {
		s.tb.Fatalf("freezing Redis: %v", err)
	}
}

// ThawRedis lets a frozen Redis go on.
func (s *Stack) ThawRedis() {
	s.tb.Helper()
	if err := syscall.Kill(s.redis.Pid(), syscall.SIGCONT); err != nil {
		s.tb.Fatalf("thawing Redis: %v", err)
	}
}

// StartRedis starts Redis again, at the same address and empty.
func (s *Stack) StartRedis() {
	s.tb.Helper()
	if err := s.redis.Restart(s.tb.Context()); err != nil {
		s.tb.Fatalf("starting Redis again: %v", err)
	}
}

// TerminateSession ends a random session of the services at Postgres, and reports whether there was one.
func (s *Stack) TerminateSession() bool {
	s.tb.Helper()
	const end = `
SELECT count(*) FROM (
  SELECT pg_terminate_backend(pid) FROM (
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'longshore-%'
    ORDER BY random() LIMIT 1) AS victim) AS ended`
	return s.Number(end) > 0
}

// BlockWrites keeps everybody from writing to a table until the test calls what it returns, or ends: a step that writes there
// stands still in its middle.
func (s *Stack) BlockWrites(table string) (release func()) {
	s.tb.Helper()
	return s.lockTable(table, "EXCLUSIVE")
}

// BlockReads keeps everybody from reading a table, too: a step that looks there stands still.
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
			s.tb.Errorf("releasing table %s: %v", table, err)
		}
	})
	s.tb.Cleanup(release)
	if _, err := tx.Exec(s.tb.Context(), "LOCK TABLE "+table+" IN "+mode+" MODE"); err != nil {
		s.tb.Fatalf("holding table %s: %v", table, err)
	}
	return release
}
