package redistopology_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const master = "main"

// TestSentinel ends the master of three Sentinels in the middle of an import, once by SIGKILL and once
// by SIGSTOP, after which it accepts connections and does not answer.
func TestSentinel(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *redis.Server){
		"killed": func(t *testing.T, server *redis.Server) {
			t.Helper()
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
		},
		"frozen": freeze,
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t)
			startServer(t, "--replicaof", "127.0.0.1 "+port(server))
			sentinels := startSentinels(t, master, server.Port())
			url := "redis-sentinel://" + strings.Join(sentinels, ",") + "/" + master + "?db=2"
			s := stack.Start(t, stack.Options{Consoles: 1, Env: append([]string{"REDIS_URL=" + url}, longImport...)})
			useEverything(t, s)
			expectConsole(t, s, "imports")
			op := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
			s.WaitForChunks(op, 2*lanes)
			end(t, server)
			t.Logf("work went on %s after the master's end", awaitProgress(s, op))
			s.MustBeUnfinished(op)
			s.WaitFor(op, "Succeeded")
			useEverything(t, s)
		})
	}
}
