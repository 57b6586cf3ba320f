// Package fleettest gives tests the product's programs. It is imported by tests only.
package programstest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// binaries is the variable that names a folder with programs that are built already, as make test does.
const binaries = "LONGSHORE_BIN_DIR"

// Main runs the tests of a package that uses the programs, and afterwards deletes those that were built for them. A TestMain exits with its
// result.
func Main(m *testing.M) int {
	defer func() { _ = os.RemoveAll(buildFolder()) }()
	return m.Run()
}

// Programs returns the folder of the built programs: those that are there already, or else the first who asks has them built. It fails the
// test when they can't be.
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
		panic(fmt.Sprintf("making a folder for the programs: %v", err))
	}
	return folder
})

var buildOnce = sync.OnceValues(func() (string, error) {
	if folder := os.Getenv(binaries); folder != "" {
		return folder, nil
	}
	root, err := programs.Root()
	if err != nil {
		return "", err
	}
	var said bytes.Buffer
	if err := programs.Build(context.Background(), root, buildFolder(), &said); err != nil {
		return "", fmt.Errorf("%w: %s", err, said.Bytes())
	}
	return buildFolder(), nil
})
