package compose_test

import (
	"os"
	"sync"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-io/longshore/deploy/compose"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }

// root is the repository's folder.
var root = sync.OnceValue(func() string {
	folder, err := programs.Root()
	if err != nil {
		panic(err)
	}
	return folder
})

// load loads the repository's file with the variables, which are those of an operator's .env.
func load(t *testing.T, variables map[string]string, overrides ...string) *types.Project {
	t.Helper()
	project, err := compose.Load(t.Context(), root(), variables, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return project
}
