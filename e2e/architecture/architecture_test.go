// Package architecture checks the rules of docs/ARCHITECTURE.md. Each rule is a function that
// returns the problems of a tree. It is tested twice: the repository must have no problem, and a
// small tree that breaks the rule must have the expected ones.
package architecture

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// rule returns the problems of a tree.
type rule func(t *testing.T, tree fs.FS) []string

// checkRule checks that the repository has no problem, and that a broken tree has exactly the
// problems want, which are sorted.
func checkRule(t *testing.T, check rule, broken fstest.MapFS, want ...string) {
	t.Helper()
	for _, problem := range check(t, os.DirFS(repositoryRoot(t))) {
		t.Error(problem)
	}
	got := check(t, broken)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("problems of the broken tree: got\n%q, want\n%q", got, want)
	}
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.work")); err != nil {
		t.Fatalf("finding the repository: %v", err)
	}
	return root
}

// eachSource calls visit with the path of every file of the sources, relative to the root. Hidden
// folders, testdata and node_modules are skipped.
func eachSource(t *testing.T, tree fs.FS, visit func(name string)) {
	t.Helper()
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		if entry.IsDir() && (hidden || path.Base(name) == "testdata" || path.Base(name) == "node_modules") {
			return fs.SkipDir
		}
		if !entry.IsDir() {
			visit(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, tree fs.FS, name string) []byte {
	t.Helper()
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
