// Package crash_test crashes Postgres under a running stack. The server is the package's own, because
// every session on it ends with a crash.
package crash_test

import (
	"bytes"
	"context"
	"os"
	"sync"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/postgres"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// server is the Postgres that the tests crash, with the durability settings of a real one.
var (
	server    *postgres.Server
	serverLog logBuffer
)

func TestMain(m *testing.M) { os.Exit(programstest.MainOn(m, start)) }

func start(ctx context.Context) (url string, remove func() error, err error) {
	if server, err = postgres.Start(ctx, postgres.Options{Log: &serverLog}); err != nil {
		return "", nil, err
	}
	return server.URL(), server.Remove, nil
}

// logBuffer collects the server's log. It is safe for concurrent use.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends to the log.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// count returns how often the text occurs in the log.
func (b *logBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Count(b.text.Bytes(), []byte(text))
}
