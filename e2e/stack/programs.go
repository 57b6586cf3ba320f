package stack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/fleet"
)

// binaries is the variable that names a folder with programs that are built already, as make test does.
const binaries = "LONGSHORE_BIN_DIR"

// Main runs the tests of a package that starts stacks, and afterwards deletes the programs that were built for them. A TestMain
// exits with its result.
func Main(m *testing.M) int {
	defer func() { _ = os.RemoveAll(buildFolder()) }()
	return m.Run()
}

var buildFolder = sync.OnceValue(func() string {
	folder, err := os.MkdirTemp("", "longshore-e2e-")
	if err != nil {
		panic(fmt.Sprintf("making a folder for the programs: %v", err))
	}
	return folder
})

// programs returns the folder of the built programs, and builds them when the first stack starts.
var programs = sync.OnceValues(func() (string, error) {
	if folder := os.Getenv(binaries); folder != "" {
		return folder, nil
	}
	root, err := fleet.Root()
	if err != nil {
		return "", err
	}
	var said bytes.Buffer
	if err := fleet.Build(context.Background(), root, buildFolder(), &said); err != nil {
		return "", fmt.Errorf("%w: %s", err, said.Bytes())
	}
	return buildFolder(), nil
})

// folderOfPrograms fails the test when they cannot be built.
func folderOfPrograms(tb testing.TB) string {
	tb.Helper()
	folder, err := programs()
	if err != nil {
		tb.Fatal(err)
	}
	return folder
}
