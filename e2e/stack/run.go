package stack

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// Run runs a program that must end by itself and without an error, and returns what it said.
func Run(tb testing.TB, program string, env []string) string {
	tb.Helper()
	said, err := runToEnd(tb, program, env)
	if err != nil {
		tb.Fatalf("%s ended with %v: %s", program, err, said)
	}
	return said
}

// MustNotStart runs a program that must refuse to start, and returns what it said.
func MustNotStart(tb testing.TB, program string, env []string) string {
	tb.Helper()
	said, err := runToEnd(tb, program, env)
	if err == nil {
		tb.Fatalf("%s ended without an error: %s", program, said)
	}
	return said
}

// runToEnd fails the test when the program is still running at the limit.
func runToEnd(tb testing.TB, program string, env []string) (string, error) {
	tb.Helper()
	folder := programstest.Programs(tb) // built before the limit begins to count
	ctx, cancel := context.WithTimeout(tb.Context(), startLimit)
	defer cancel()
	var said logBuffer
	err := process.Run(ctx, process.Command{
		Args: []string{filepath.Join(folder, program)}, Env: append([]string{"LONGSHORE_LOG_FORMAT=json"}, env...), Stdout: &said,
	})
	if ctx.Err() != nil {
		tb.Fatalf("%s is still running after %s: %s", program, startLimit, said.since(0))
	}
	return said.since(0), err
}
