package architecture

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// outsiders are outside of the workspace, so that a tool, or Kubernetes, never decides a version that a service is built with.
var outsiders = []string{"deploy/tools", "deploy/k8s/server"}

// moduleFile is what `go mod edit -json` and `go work edit -json` say, as far as it matters here.
type moduleFile struct {
	Go      string
	Require []struct{ Path, Version string }
	Use     []struct{ DiskPath string }
}

func TestModulesAreInTheWorkspace(t *testing.T) {
	t.Parallel()
	hold(t, modulesInWorkspace, fstest.MapFS{
		"go.work":              file("go 1.26.0\n\nuse ./pkg\n"),
		"pkg/go.mod":           file("module example.com/pkg\n\ngo 1.26.0\n"),
		"services/lost/go.mod": file("module example.com/lost\n\ngo 1.26.0\n"),
		"deploy/tools/go.mod":  file("module example.com/tools\n\ngo 1.26.0\n"),
	}, "services/lost is not in go.work")
}

func modulesInWorkspace(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var used []string
	for _, use := range edit(t, tree, "work", "go.work").Use {
		used = append(used, path.Clean(filepath.ToSlash(use.DiskPath)))
	}
	var problems []string
	for _, folder := range moduleFolders(t, tree) {
		if !slices.Contains(outsiders, folder) && !slices.Contains(used, folder) {
			problems = append(problems, folder+" is not in go.work")
		}
	}
	return problems
}

func TestModulesAgreeOnGo(t *testing.T) {
	t.Parallel()
	hold(t, sameGo, fstest.MapFS{
		"go.work":             file("go 1.26.0\n"),
		"pkg/go.mod":          file("module example.com/pkg\n\ngo 1.26.0\n"),
		"e2e/go.mod":          file("module example.com/e2e\n\ngo 1.26.1\n"),
		"deploy/tools/go.mod": file("module example.com/tools\n\ngo 1.25.0\n"),
	}, "deploy/tools wants go 1.25.0, go.work 1.26.0", "e2e wants go 1.26.1, go.work 1.26.0")
}

func sameGo(t *testing.T, tree fs.FS) []string {
	t.Helper()
	want := edit(t, tree, "work", "go.work").Go
	var problems []string
	for _, folder := range moduleFolders(t, tree) {
		if got := edit(t, tree, "mod", folder+"/go.mod").Go; got != want {
			problems = append(problems, fmt.Sprintf("%s wants go %s, go.work %s", folder, got, want))
		}
	}
	return problems
}

func TestModulesAgreeOnVersions(t *testing.T) {
	t.Parallel()
	hold(t, sameVersions, fstest.MapFS{
		"a/go.mod":            file("module example.com/a\n\nrequire example.com/x v1.0.0\n"),
		"b/go.mod":            file("module example.com/b\n\nrequire example.com/x v1.1.0\n\nrequire example.com/y v1.0.0 // indirect\n"),
		"c/go.mod":            file("module example.com/c\n\nrequire example.com/y v1.0.0\n"),
		"deploy/tools/go.mod": file("module example.com/tools\n\nrequire example.com/y v9.0.0\n"),
	}, "example.com/x differs: v1.0.0 in a, v1.1.0 in b (make tidy brings modules together)")
}

// sameVersions keeps the tests, which are built in the workspace, from using another version of a dependency than a
// service that is built alone.
func sameVersions(t *testing.T, tree fs.FS) []string {
	t.Helper()
	versions := map[string]map[string]string{} // dependency, version, first module that asks for it
	for _, folder := range moduleFolders(t, tree) {
		if slices.Contains(outsiders, folder) {
			continue
		}
		for _, required := range edit(t, tree, "mod", folder+"/go.mod").Require {
			of := versions[required.Path]
			if of == nil {
				of = map[string]string{}
				versions[required.Path] = of
			}
			if _, known := of[required.Version]; !known {
				of[required.Version] = folder
			}
		}
	}
	var problems []string
	for dependency, of := range versions {
		if len(of) < 2 || strings.HasPrefix(dependency, ours) {
			continue // our own are replaced by the folders beside them
		}
		var parts []string
		for _, version := range slices.Sorted(maps.Keys(of)) {
			parts = append(parts, version+" in "+of[version])
		}
		problems = append(problems, fmt.Sprintf("%s differs: %s (make tidy brings modules together)", dependency, strings.Join(parts, ", ")))
	}
	return problems
}

func moduleFolders(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var folders []string
	sourceFiles(t, tree, func(name string) {
		if path.Base(name) == "go.mod" {
			folders = append(folders, path.Dir(name))
		}
	})
	return folders
}

// edit reads a go.mod or a go.work with the go command, which knows their syntax.
func edit(t *testing.T, tree fs.FS, kind, name string) moduleFile {
	t.Helper()
	copied := filepath.Join(t.TempDir(), path.Base(name))
	writeFile(t, copied, read(t, tree, name))
	said, err := exec.CommandContext(t.Context(), "go", kind, "edit", "-json", copied).Output()
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	var parsed moduleFile
	if err := json.Unmarshal(said, &parsed); err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return parsed
}
