// Package thirdparty runs third-party clients and readers against Longshore: programs of Debian, and
// scripts that use npm packages. The scripts are in this folder; each reads one JSON object from its
// standard input and writes one JSON object per line.
//
// If a program is missing, the test fails for root, for whom make test installs it, and in CI; for
// other users it is skipped with a message that says what to install.
package thirdparty

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/thirdparty"
)

// runTimeout is the maximum time of a program or script.
const runTimeout = 2 * time.Minute

// Run runs a program with an input, which may be nil, and returns its standard output. It fails the
// test if the program exits with an error.
func Run(tb testing.TB, input []byte, program string, args ...string) []byte {
	tb.Helper()
	stdout, stderr, err := RunUnchecked(tb, input, program, args...)
	if err != nil {
		tb.Fatalf("%s %v exited with %v: %s", program, args, err, stderr)
	}
	return stdout
}

// RunUnchecked is Run for a program that may fail: it returns the program's output and error.
func RunUnchecked(tb testing.TB, input []byte, program string, args ...string) (stdout, stderr []byte, err error) {
	tb.Helper()
	path, err := thirdparty.Find(program)
	require(tb, err)
	ctx, cancel := context.WithTimeout(tb.Context(), runTimeout)
	defer cancel()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errOut
	err = cmd.Run()
	return out.Bytes(), errOut.Bytes(), err
}

// folder returns the folder of the scripts. It checks that their packages are installed.
func folder(tb testing.TB) string {
	tb.Helper()
	root, err := programs.Root()
	if err != nil {
		tb.Fatal(err)
	}
	scripts := thirdparty.Folder(root)
	require(tb, thirdparty.Packages(scripts))
	return scripts
}

// require ends the test if err reports a missing program or package.
func require(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		failOrSkip(tb, err, os.Geteuid() == 0 || os.Getenv("CI") != "")
	}
}

func failOrSkip(tb testing.TB, err error, required bool) {
	tb.Helper()
	if required {
		tb.Fatal(err)
	}
	tb.Skip(err)
}
