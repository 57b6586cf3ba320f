package architecture

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// outsideWorkspace contains the modules outside of the workspace: a tool, or Kubernetes, must not
// select the version of a dependency with which a service is built.
var outsideWorkspace = []string{"deploy/tools", "deploy/tools/govulncheck", promtool, "deploy/k8s/server"}

// promtool is the module of Prometheus' promtool, which requires a Go version of its own.
const promtool = "deploy/tools/promtool"

// moduleFile contains the used members of the output of `go mod edit -json` and `go work edit
// -json`.
type moduleFile struct {
	Go      string
	Require []struct{ Path, Version string }
	Use     []struct{ DiskPath string }
}

func TestModulesInWorkspace(t *testing.T) {
	t.Parallel()
	checkRule(t, modulesInWorkspace, fstest.MapFS{
		"go.work":              file("go 1.26.0\n\nuse ./pkg\n"),
		"pkg/go.mod":           file("module example.com/pkg\n\ngo 1.26.0\n"),
		"services/lost/go.mod": file("module example.com/lost\n\ngo 1.26.0\n"),
		"deploy/tools/go.mod":  file("module example.com/tools\n\ngo 1.26.0\n"),
	}, "services/lost is not in go.work")
}

func modulesInWorkspace(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var used []string
	for _, use := range parseModuleFile(t, tree, "work", "go.work").Use {
		used = append(used, path.Clean(filepath.ToSlash(use.DiskPath)))
	}
	var problems []string
	for _, folder := range moduleFolders(t, tree) {
		if !slices.Contains(outsideWorkspace, folder) && !slices.Contains(used, folder) {
			problems = append(problems, folder+" is not in go.work")
		}
	}
	return problems
}

func TestModulesHaveSameGo(t *testing.T) {
	t.Parallel()
	checkRule(t, sameGo, fstest.MapFS{
		"go.work":             file("go 1.26.0\n"),
		"pkg/go.mod":          file("module example.com/pkg\n\ngo 1.26.0\n"),
		"e2e/go.mod":          file("module example.com/e2e\n\ngo 1.26.1\n"),
		"deploy/tools/go.mod": file("module example.com/tools\n\ngo 1.25.0\n"),
		promtool + "/go.mod":  file("module example.com/promtool\n\ngo 1.26.7\n"),
	}, "deploy/tools requires go 1.25.0, go.work 1.26.0", "e2e requires go 1.26.1, go.work 1.26.0")
}

func sameGo(t *testing.T, tree fs.FS) []string {
	t.Helper()
	want := parseModuleFile(t, tree, "work", "go.work").Go
	var problems []string
	for _, folder := range moduleFolders(t, tree) {
		if got := parseModuleFile(t, tree, "mod", folder+"/go.mod").Go; got != want && folder != promtool {
			problems = append(problems, fmt.Sprintf("%s requires go %s, go.work %s", folder, got, want))
		}
	}
	return problems
}

func TestModulesHaveSameVersions(t *testing.T) {
	t.Parallel()
	checkRule(t, sameVersions, fstest.MapFS{
		"a/go.mod":            file("module example.com/a\n\nrequire example.com/x v1.0.0\n"),
		"b/go.mod":            file("module example.com/b\n\nrequire example.com/x v1.1.0\n\nrequire example.com/y v1.0.0 // indirect\n"),
		"c/go.mod":            file("module example.com/c\n\nrequire example.com/y v1.0.0\n"),
		"deploy/tools/go.mod": file("module example.com/tools\n\nrequire example.com/y v9.0.0\n"),
	}, "example.com/x differs: v1.0.0 in a, v1.1.0 in b (run make tidy)")
}

// sameVersions finds dependencies that modules require in different versions: tests, which are
// built in the workspace, must use the version with which a service is built alone.
func sameVersions(t *testing.T, tree fs.FS) []string {
	t.Helper()
	modules := map[string]map[string]string{} // the first module that requires a version, by dependency and version
	for _, folder := range moduleFolders(t, tree) {
		if slices.Contains(outsideWorkspace, folder) {
			continue
		}
		for _, required := range parseModuleFile(t, tree, "mod", folder+"/go.mod").Require {
			if modules[required.Path] == nil {
				modules[required.Path] = map[string]string{}
			}
			if _, known := modules[required.Path][required.Version]; !known {
				modules[required.Path][required.Version] = folder
			}
		}
	}
	var problems []string
	for dependency, versions := range modules {
		if len(versions) < 2 || strings.HasPrefix(dependency, modulePrefix) {
			continue // modules of this repository are replaced by their folders
		}
		var parts []string
		for _, version := range slices.Sorted(maps.Keys(versions)) {
			parts = append(parts, version+" in "+versions[version])
		}
		problems = append(problems, fmt.Sprintf("%s differs: %s (run make tidy)", dependency, strings.Join(parts, ", ")))
	}
	return problems
}

func moduleFolders(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var folders []string
	eachSource(t, tree, func(name string) {
		if path.Base(name) == "go.mod" {
			folders = append(folders, path.Dir(name))
		}
	})
	return folders
}

// parseModuleFile parses a go.mod (kind "mod") or a go.work (kind "work") with the go command.
func parseModuleFile(t *testing.T, tree fs.FS, kind, name string) moduleFile {
	t.Helper()
	copied := filepath.Join(t.TempDir(), path.Base(name))
	if err := os.WriteFile(copied, readFile(t, tree, name), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), "go", kind, "edit", "-json", copied).Output()
	if err != nil {
		t.Fatalf("parsing %s: %v", name, err)
	}
	var parsed moduleFile
	if err := json.Unmarshal(output, &parsed); err != nil {
		t.Fatalf("parsing %s: %v", name, err)
	}
	return parsed
}
