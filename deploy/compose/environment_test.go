package compose_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/deploy/compose"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// TestOperatorsCanChangeWhatTheyAreTold sets every variable and looks what comes of it.
func TestOperatorsCanChangeWhatTheyAreTold(t *testing.T) {
	t.Parallel()
	variables := map[string]string{
		"LONGSHORE_VERSION": "1.2.3", "LONGSHORE_API_BIND": "0.0.0.0", "LONGSHORE_API_PORT": "80", "LONGSHORE_PUBLIC_URL": "https://imports.example.com",
		"LONGSHORE_CONSOLE_BIND": "10.0.0.1", "LONGSHORE_CONSOLE_PORT": "90", "LONGSHORE_CONSOLE_OPERATORS": "olga:$2y$05$abc", "LONGSHORE_CONSOLE_VIEWERS": "vera:see",
		"LONGSHORE_IMPORTERS": "4", "LONGSHORE_COLLECTIONS": "/srv/collections", "LONGSHORE_LOG_FORMAT": "json", "LONGSHORE_LOG_LEVEL": "debug",
		"LONGSHORE_POSTGRES_PASSWORD": "hush", "LONGSHORE_POSTGRES_CPUS": "1.5", "LONGSHORE_POSTGRES_MEMORY": "2g",
	}
	if diff := cmp.Diff(asked(t, compose.File, `\$\{([A-Z_]+)`), slices.Sorted(maps.Keys(variables))); diff != "" {
		t.Errorf("variables of the file (-it +this test):\n%s", diff)
	}
	project := load(t, variables)
	services := project.Services
	got := map[string]string{
		"image": services["migrate"].Image, "memory": fmt.Sprint(int64(services["postgres"].Deploy.Resources.Limits.MemoryBytes)),
		"api": services["api"].Ports[0].HostIP + ":" + services["api"].Ports[0].Published, "console": services["console"].Ports[0].HostIP + ":" + services["console"].Ports[0].Published,
		"operators": *services["console"].Environment["LONGSHORE_CONSOLE_OPERATORS"], "viewers": *services["console"].Environment["LONGSHORE_CONSOLE_VIEWERS"],
		"folder": services["importer"].Volumes[0].Source, "database": *services["janitor"].Environment["DATABASE_URL"],
	}
	want := map[string]string{
		"image": "longshore/migrate:1.2.3", "memory": "2147483648", "api": "0.0.0.0:80", "console": "10.0.0.1:90", "operators": "olga:$2y$05$abc", "viewers": "vera:see",
		"folder": "/srv/collections", "database": "postgres://longshore:hush@postgres:5432/longshore?sslmode=disable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what came of the variables (-want +got):\n%s", diff)
	}
	for _, problem := range compose.Check(t.Context(), project, programstest.Programs(t)) {
		if !strings.Contains(problem, "not longshore/") && !strings.Contains(problem, "not 127.0.0.1") && problem != "importer: there are 4 of it, not 2" {
			t.Error(problem)
		}
	}
}

// TestTheExampleTellsEveryVariable holds .env.example against the file. In it, each variable stands with its default, as a comment.
func TestTheExampleTellsEveryVariable(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(asked(t, compose.File, `\$\{([A-Z_]+)`), asked(t, ".env.example", `(?m)^#([A-Z_]+)=`)); diff != "" {
		t.Errorf("variables (-file +example):\n%s", diff)
	}
	example, err := os.ReadFile(filepath.Join(root(), ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	defaults := make(map[string]string)
	for _, match := range regexp.MustCompile(`(?m)^#([A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(example), -1) {
		if match[1] != "LONGSHORE_CONSOLE_BIND" { // which asks for a login by being there
			defaults[match[1]] = match[2]
		}
	}
	if diff := cmp.Diff(load(t, nil).Services, load(t, defaults).Services); diff != "" {
		t.Errorf("the example's defaults are not the file's (-file +example):\n%s", diff)
	}
}

// TestNobodyElseGetsTheKnownLogin: the console is not published to others with the password that is in the file.
func TestNobodyElseGetsTheKnownLogin(t *testing.T) {
	t.Parallel()
	_, err := compose.Load(t.Context(), root(), map[string]string{"LONGSHORE_CONSOLE_BIND": "0.0.0.0"})
	if err == nil || !strings.Contains(err.Error(), "LONGSHORE_CONSOLE_OPERATORS is missing a value: set it to name:password") {
		t.Errorf("published to everybody: %v", err)
	}
	if login := *load(t, nil).Services["console"].Environment["LONGSHORE_CONSOLE_OPERATORS"]; login != "operator:longshore" {
		t.Errorf("the login is %s", login)
	}
}

// asked lists what the pattern's group finds in a file of the repository, sorted, each once.
func asked(t *testing.T, file, pattern string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root(), file))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(content), -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
