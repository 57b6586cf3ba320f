package compose_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/deploy/compose"
	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/pkg/access"
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
		"folder": services["collections"].Volumes[0].Source, "database": *services["janitor"].Environment["DATABASE_URL"],
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
		if _, isSecret := withSecrets(nil)[match[1]]; !isSecret {
			defaults[match[1]] = match[2]
		} else if match[2] != "" {
			t.Errorf("the secret %s has the default %q, want none", match[1], match[2])
		}
	}
	if diff := cmp.Diff(load(t, nil).Services, load(t, defaults).Services); diff != "" {
		t.Errorf("services by the defaults (-file +example):\n%s", diff)
	}
}

// TestLoadWithoutSecrets: no password has a default, and secrets.sh writes what is missing, once.
func TestLoadWithoutSecrets(t *testing.T) {
	t.Parallel()
	for name := range withSecrets(nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := withSecrets(nil)
			delete(variables, name)
			_, err := compose.Load(t.Context(), root(), variables)
			if err == nil || !strings.Contains(err.Error(), name+" is missing a value: run sh deploy/compose/secrets.sh") {
				t.Errorf("Load() without %s = %v, want an error that names secrets.sh", name, err)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "deploy", "compose", "secrets.sh")
	content, err := os.ReadFile(filepath.Join(root(), "deploy", "compose", "secrets.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(script, content, 0o600), os.WriteFile(filepath.Join(dir, ".env"), []byte("LONGSHORE_API_PASSWORD=kept\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var written []map[string]string
	for range 2 {
		if out, err := exec.CommandContext(t.Context(), "sh", script).CombinedOutput(); err != nil {
			t.Fatalf("secrets.sh: %v: %s", err, out)
		}
		got, err := dotenv.Read(filepath.Join(dir, ".env"))
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, got)
	}
	if diff := cmp.Diff(written[0], written[1]); diff != "" {
		t.Errorf(".env changes when secrets.sh runs again (-first +second):\n%s", diff)
	}
	if _, ok := access.ParseSecret(written[0]["LONGSHORE_FIRST_KEY"]); !ok || written[0]["LONGSHORE_API_PASSWORD"] != "kept" {
		t.Errorf(".env = %v, want a valid key and the password that it had", written[0])
	}
	if _, err := compose.Load(t.Context(), root(), written[0]); err != nil {
		t.Errorf("Load() with what secrets.sh writes = %v, want no error", err)
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
