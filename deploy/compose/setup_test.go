package compose_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/deploy/compose"
	"github.com/longshore-io/longshore/deploy/local/fleet"
)

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(buildFolder())
	os.Exit(code)
}

// root is the repository's folder.
var root = sync.OnceValue(func() string {
	folder, err := fleet.Root()
	if err != nil {
		panic(err)
	}
	return folder
})

var buildFolder = sync.OnceValue(func() string {
	folder, err := os.MkdirTemp("", "longshore-compose-")
	if err != nil {
		panic(fmt.Sprintf("making a folder for the programs: %v", err))
	}
	return folder
})

// build builds the programs, unless make test has built them already.
var build = sync.OnceValues(func() (string, error) {
	if folder := os.Getenv("LONGSHORE_BIN_DIR"); folder != "" {
		return folder, nil
	}
	var said bytes.Buffer
	if err := fleet.Build(context.Background(), root(), buildFolder(), &said); err != nil {
		return "", fmt.Errorf("%w: %s", err, said.Bytes())
	}
	return buildFolder(), nil
})

func programs(t *testing.T) string {
	t.Helper()
	folder, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// load loads the repository's file with the variables, which are those of an operator's .env.
func load(t *testing.T, variables map[string]string, overrides ...string) *types.Project {
	t.Helper()
	project, err := compose.Load(t.Context(), root(), variables, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return project
}
