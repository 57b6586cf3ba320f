package stack

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// Run runs a program that must exit without an error, and returns its output.
func Run(tb testing.TB, program string, env []string, args ...string) string {
	tb.Helper()
	output, err := runToEnd(tb, program, env, args...)
	if err != nil {
		tb.Fatalf("%s exited with %v: %s", program, err, output)
	}
	return output
}

// MustNotStart runs a program that must exit with an error, and returns its output.
func MustNotStart(tb testing.TB, program string, env []string, args ...string) string {
	tb.Helper()
	output, err := runToEnd(tb, program, env, args...)
	if err == nil {
		tb.Fatalf("%s exited without an error: %s", program, output)
	}
	return output
}

// runToEnd fails the test when the program still runs after startLimit.
func runToEnd(tb testing.TB, program string, env []string, args ...string) (string, error) {
	tb.Helper()
	folder := programstest.Programs(tb) // before the timeout starts, because it may build the programs
	ctx, cancel := context.WithTimeout(tb.Context(), startLimit)
	defer cancel()
	var output logBuffer
	err := process.Run(ctx, process.Command{
		Args: append([]string{filepath.Join(folder, program)}, args...), Env: append([]string{"LONGSHORE_LOG_FORMAT=json"}, env...), Stdout: &output,
	})
	if ctx.Err() != nil {
		tb.Fatalf("%s still runs after %s: %s", program, startLimit, output.since(0))
	}
	return output.since(0), err
}
