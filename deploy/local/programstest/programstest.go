// Package programstest provides tests with Longshore's programs. Only tests import it.
package programstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// binDirVariable names a folder with programs that are already built. make test sets it.
const binDirVariable = "LONGSHORE_BIN_DIR"

// Main runs the tests of a package that uses the programs, deletes the programs that were built for
// them, and returns the exit code for TestMain.
func Main(m *testing.M) int {
	defer func() { _ = os.RemoveAll(buildFolder()) }()
	return m.Run()
}

// MainOn is Main for a package whose tests have a Postgres of their own. start starts it, and returns its
// URL and a function that removes it. DATABASE_URL names it while the tests run. An error of either
// function is printed, and is exit code 1.
func MainOn(m *testing.M, start func(context.Context) (url string, remove func() error, err error)) int {
	code, err := runOn(m, start)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func runOn(m *testing.M, start func(context.Context) (string, func() error, error)) (code int, err error) {
	url, remove, err := start(context.Background())
	if err != nil {
		return 0, fmt.Errorf("starting a Postgres for the package: %w", err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := os.Setenv("DATABASE_URL", url); err != nil {
		return 0, err
	}
	return Main(m), nil
}

// Programs returns the folder of the programs. Unless LONGSHORE_BIN_DIR is set, the first call of a
// test process builds them. It fails the test if the build fails.
func Programs(tb testing.TB) string {
	tb.Helper()
	folder, err := buildOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return folder
}

var buildFolder = sync.OnceValue(func() string {
	folder, err := os.MkdirTemp("", "longshore-programs-")
	if err != nil {
		panic(fmt.Sprintf("creating a folder for the programs: %v", err))
	}
	return folder
})

var buildOnce = sync.OnceValues(func() (string, error) {
	if folder := os.Getenv(binDirVariable); folder != "" {
		return folder, nil
	}
	root, err := programs.Root()
	if err != nil {
		return "", err
	}
	var output bytes.Buffer
	if err := programs.Build(context.Background(), root, buildFolder(), &output); err != nil {
		return "", fmt.Errorf("%w: %s", err, output.Bytes())
	}
	return buildFolder(), nil
})
