package e2e_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

func TestRedisFlushed(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	startLongImport(s, 20).expectRecovery(t, recoveryLimit, s.FlushRedis)
}

func TestRedisKilled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	startLongImport(s, 20).expectRecovery(t, recoveryLimit, func() {
		s.KillRedis()
		s.StartRedis() // empty: Redis has no persistence
	})
}

// TestRedisStopped imports while Redis is stopped or frozen. The import is accepted immediately,
// and processed when Redis is back.
func TestRedisStopped(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	for _, test := range []struct {
		name        string
		stop, start func(*stack.Stack)
	}{
		{"stopped", (*stack.Stack).StopRedis, (*stack.Stack).StartRedis},
		{"frozen", (*stack.Stack).FreezeRedis, (*stack.Stack).ThawRedis},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := s.WithTB(t)
			s.Exec(`TRUNCATE xforce.tools`)
			test.stop(s)
			small := s.SubmitJSON(tool.SampleJSON)
			if small.Elapsed > maxAcceptTime {
				t.Errorf("without Redis the 202 arrived after %s, want at most %s", small.Elapsed, maxAcceptTime)
			}
			large := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
			recovered := time.Now()
			test.start(s)
			expectDoneAfter(t, s, recovered, small, large)
			s.Exec(`DELETE FROM xforce.tools WHERE tool_id LIKE 'V%'`)
			expectLongTable(t, s)
		})
	}
}

// expectDoneAfter waits for imports that a fault delayed until it ended, and bounds their time from
// then.
func expectDoneAfter(t *testing.T, s *stack.Stack, faultEnd time.Time, ops ...client.Accepted) {
	t.Helper()
	for _, op := range ops {
		m := s.WaitFor(op, "Succeeded")
		elapsed := m.Finished.Sub(faultEnd)
		t.Logf("%d records were imported %s after the end of the fault", op.TotalRecords, elapsed)
		if elapsed > recoveryLimit+maxLongImport {
			t.Errorf("operation %s finished %s after the end of the fault, want at most %s", op.ID, elapsed, recoveryLimit+maxLongImport)
		}
	}
}

// maxLongImport bounds the time of the long import on a busy machine.
const maxLongImport = 15 * time.Second

// TestPostgresSessionsTerminated terminates random Postgres sessions, also those of the api and the
// janitor.
func TestPostgresSessionsTerminated(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	l := startLongImport(s, 5)
	l.expectRecovery(t, recoveryLimit, func() {
		for percent := 6; percent <= 60; percent += 2 {
			if !s.TerminateSession() {
				t.Error("got no session to terminate, want one")
			}
			s.WaitForChunks(l.op, longChunks*percent/100)
		}
	})
}

// TestPostgresSessionOfStepTerminated terminates the session of a step more often than a chunk has
// attempts. The error is transient and counts no attempt.
func TestPostgresSessionOfStepTerminated(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"}})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	for range 3 {
		s.WaitForSQL(recoveryLimit, "a step to be blocked", `SELECT count(*) > 0 `+blockedSteps)
		if terminated := s.Number(`SELECT count(pg_terminate_backend(pid)) ` + blockedSteps); terminated != 1 {
			t.Errorf("terminated %d sessions, want 1", terminated)
		}
		s.WaitForSQL(recoveryLimit, "the step to end", `SELECT count(*) = 0 `+blockedSteps)
	}
	release()
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}
