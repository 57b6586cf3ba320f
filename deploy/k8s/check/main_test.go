package check

import (
	"context"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/fleet"
)

// built is the folder for the programs that the tests build, if they do.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "longshore-k8s-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	built = folder
	return m.Run()
}

// programs returns the folder of the programs, which are built once unless make test has done so.
var programs = sync.OnceValues(func() (string, error) {
	if folder := os.Getenv("LONGSHORE_BIN_DIR"); folder != "" {
		return folder, nil
	}
	root, err := fleet.Root()
	if err != nil {
		return "", err
	}
	return built, fleet.Build(context.Background(), root, built, io.Discard)
})
