// Package crash_test crashes Postgres under a running stack. The server is the package's own, because
// every session on it ends with a crash.
package crash_test

import (
	"bytes"
	"context"
	"fmt"
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

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	server, err = postgres.Start(context.Background(), postgres.Options{Log: &serverLog})
	if err != nil {
		return 0, fmt.Errorf("starting a Postgres for the package: %w", err)
	}
	defer func() {
		if removeErr := server.Remove(); err == nil {
			err = removeErr
		}
	}()
	if err := os.Setenv("DATABASE_URL", server.URL()); err != nil {
		return 0, err
	}
	return programstest.Main(m), nil
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
