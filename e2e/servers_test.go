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
		s.StartRedis() // empty: nothing was written to disk
	})
}

// TestRedisStopped imports while there is no Redis, or one that does not resp: accepted at once, done when Redis is back.
func TestRedisStopped(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	for _, test := range []struct {
		name       string
		away, back func(*stack.Stack)
	}{
		{"stopped", (*stack.Stack).StopRedis, (*stack.Stack).StartRedis},
		{"frozen", (*stack.Stack).FreezeRedis, (*stack.Stack).ThawRedis},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := s.WithTB(t)
			s.Exec(`TRUNCATE xforce.tools`)
			test.away(s)
			small := s.SubmitJSON(tool.SampleJSON)
			if small.Elapsed > maxAcceptTime {
				t.Errorf("without Redis the 202 took %s", small.Elapsed)
			}
			large := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
			back := time.Now()
			test.back(s)
			expectDoneAfter(t, s, back, small, large)
			s.Exec(`DELETE FROM xforce.tools WHERE tool_id LIKE 'V%'`)
			expectLongTable(t, s)
		})
	}
}

// expectDoneAfter waits for imports that a fault kept waiting until a moment.
func expectDoneAfter(t *testing.T, s *stack.Stack, moment time.Time, ops ...client.Accepted) {
	t.Helper()
	for _, op := range ops {
		m := s.WaitFor(op, "Succeeded")
		took := m.Finished.Sub(moment)
		t.Logf("%d records were done %s after the end of the fault", op.TotalRecords, took)
		if took > recoveryLimit+maxLongImport {
			t.Errorf("operation %s was done %s after the end of the fault", op.ID, took)
		}
	}
}

// maxLongImport is what the long import takes on a busy machine.
const maxLongImport = 15 * time.Second

// TestPostgresSessionsTerminated ends sessions at Postgres at random, those of the api and the janitor too.
func TestPostgresSessionsTerminated(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{longChunkEnv}})
	l := startLongImport(s, 5)
	l.expectRecovery(t, recoveryLimit, func() {
		for percent := 6; percent <= 60; percent += 2 {
			if !s.TerminateSession() {
				t.Error("there was no session to end")
			}
			s.WaitForChunks(l.op, longChunks*percent/100)
		}
	})
}

// TestPostgresSessionOfStepTerminated ends the session of a step, again and again: that is no fault of the chunk and costs it none of its attempts.
func TestPostgresSessionOfStepTerminated(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"}})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	for range 3 {
		s.WaitForSQL(recoveryLimit, "a step to be in its middle", `SELECT count(*) > 0 `+blockedSteps)
		if ended := s.Number(`SELECT count(pg_terminate_backend(pid)) ` + blockedSteps); ended != 1 {
			t.Errorf("%d sessions were ended, not 1", ended)
		}
		s.WaitForSQL(recoveryLimit, "the step to be over", `SELECT count(*) = 0 `+blockedSteps)
	}
	release()
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	expectTools(t, s, tool.Sample())
}
