// Package foreign runs what others have written against Longshore: programs of Debian and scripts on npm's packages. The scripts are in
// this folder; each reads one JSON object from its standard input and writes one JSON object a line.
//
// What is missing on a machine is a failure for root, who can have it installed, and in CI; anyone else is told and skips the test.
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

// runLimit bounds a program or a script: one that hangs must fail a test and not hang it.
const runLimit = 2 * time.Minute

// Run runs a program on an input, which may be nil, and returns what it wrote to its standard output. A program that ends with an
// error fails the test.
func Run(tb testing.TB, input []byte, program string, args ...string) []byte {
	tb.Helper()
	said, complaint, err := RunUnchecked(tb, input, program, args...)
	if err != nil {
		tb.Fatalf("%s %v ended with %v: %s", program, args, err, complaint)
	}
	return said
}

// RunUnchecked is Run for a program that may refuse its input: the error is how it ended, the complaint what it wrote to its standard error.
func RunUnchecked(tb testing.TB, input []byte, program string, args ...string) (said, complaint []byte, err error) {
	tb.Helper()
	path, err := thirdparty.Find(program)
	must(tb, err)
	ctx, cancel := context.WithTimeout(tb.Context(), runLimit)
	defer cancel()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errOut
	err = cmd.Run()
	return out.Bytes(), errOut.Bytes(), err
}

// folder is where the scripts are. It makes sure that they can run.
func folder(tb testing.TB) string {
	tb.Helper()
	root, err := programs.Root()
	if err != nil {
		tb.Fatal(err)
	}
	scripts := thirdparty.Folder(root)
	must(tb, thirdparty.Packages(scripts))
	return scripts
}

// must ends the test if something is missing on this machine.
func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		lack(tb, err, os.Geteuid() == 0 || os.Getenv("CI") != "")
	}
}

func lack(tb testing.TB, err error, expected bool) {
	tb.Helper()
	if expected {
		tb.Fatal(err)
	}
	tb.Skip(err)
}
