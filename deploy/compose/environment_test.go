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

// TestLoadWithVariables sets every variable of the file.
func TestLoadWithVariables(t *testing.T) {
	t.Parallel()
	variables := map[string]string{
		"LONGSHORE_VERSION": "1.2.3", "LONGSHORE_API_BIND": "0.0.0.0", "LONGSHORE_API_PORT": "80", "LONGSHORE_PUBLIC_URL": "https://imports.example.com",
		"LONGSHORE_CONSOLE_BIND": "10.0.0.1", "LONGSHORE_CONSOLE_PORT": "90", "LONGSHORE_CONSOLE_OPERATORS": "olga:$2y$05$abc", "LONGSHORE_CONSOLE_VIEWERS": "vera:see",
		"LONGSHORE_FIRST_KEY": firstKey, "LONGSHORE_IMPORTERS": "4", "LONGSHORE_COLLECTIONS": "/srv/collections", "LONGSHORE_LOG_FORMAT": "json", "LONGSHORE_LOG_LEVEL": "debug",
		"LONGSHORE_POSTGRES_PASSWORD": "admin", "LONGSHORE_OWNER_PASSWORD": "owner", "LONGSHORE_API_PASSWORD": "api", "LONGSHORE_WORKER_PASSWORD": "hush", "LONGSHORE_READER_PASSWORD": "reader",
		"LONGSHORE_HOSTS": "imports.lan", "LONGSHORE_TRUSTED_PROXIES": "10.0.0.0/8", "LONGSHORE_CORS_ORIGINS": "https://app.example.com",
		"LONGSHORE_POSTGRES_CPUS": "1.5", "LONGSHORE_POSTGRES_MEMORY": "2g",
	}
	if diff := cmp.Diff(variablesIn(t, compose.File, `\$\{([A-Z_]+)`), slices.Sorted(maps.Keys(variables))); diff != "" {
		t.Errorf("variables (-file +test):\n%s", diff)
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
		"folder": "/srv/collections", "database": "postgres://longshore_worker:hush@postgres:5432/longshore?sslmode=disable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Load() (-want +got):\n%s", diff)
	}
	for _, problem := range compose.Check(t.Context(), project, programstest.Programs(t)) {
		if !strings.Contains(problem, "not longshore/") && !strings.Contains(problem, "not 127.0.0.1") && problem != "importer: there are 4 copies of it, not 2" {
			t.Error(problem)
		}
	}
}

// TestEnvExample compares .env.example, where each variable has its default in a comment, with the
// file.
func TestEnvExample(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(variablesIn(t, compose.File, `\$\{([A-Z_]+)`), variablesIn(t, ".env.example", `(?m)^#([A-Z_]+)=`)); diff != "" {
		t.Errorf("variables (-file +example):\n%s", diff)
	}
	example, err := os.ReadFile(filepath.Join(root(), ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	defaults := make(map[string]string)
	for _, match := range regexp.MustCompile(`(?m)^#([A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(example), -1) {
		if match[1] != "LONGSHORE_CONSOLE_BIND" { // setting it requires a login
			defaults[match[1]] = match[2]
		}
	}
	if diff := cmp.Diff(load(t, nil).Services, load(t, defaults).Services); diff != "" {
		t.Errorf("services by the defaults (-file +example):\n%s", diff)
	}
}

// TestLoadWithoutLogin: the console is not published to other machines with the login in the file.
func TestLoadWithoutLogin(t *testing.T) {
	t.Parallel()
	_, err := compose.Load(t.Context(), root(), map[string]string{"LONGSHORE_CONSOLE_BIND": "0.0.0.0"})
	if err == nil || !strings.Contains(err.Error(), "LONGSHORE_CONSOLE_OPERATORS is missing a value: set it to name:password") {
		t.Errorf("Load() with LONGSHORE_CONSOLE_BIND = %v, want an error about LONGSHORE_CONSOLE_OPERATORS", err)
	}
	if login := *load(t, nil).Services["console"].Environment["LONGSHORE_CONSOLE_OPERATORS"]; login != "operator:longshore" {
		t.Errorf("login = %s, want operator:longshore", login)
	}
}

// variablesIn returns what the pattern's group matches in a file of the repository, sorted and
// unique.
func variablesIn(t *testing.T, file, pattern string) []string {
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
