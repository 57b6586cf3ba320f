// Package architecture holds the repository to the shape that docs/ARCHITECTURE.md describes. Each rule is a function that
// returns what breaks it, and is tried twice: on the repository, where it finds nothing, and on a small tree made to break
// it, where it must.
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

// repository is the root of the tree that is checked.
func repository(t *testing.T) string {
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

// sourceFiles calls visit with every file that belongs to the sources, slash-separated and relative to the root.
func sourceFiles(t *testing.T, tree fs.FS, visit func(name string)) {
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

func read(t *testing.T, tree fs.FS, name string) []byte {
	t.Helper()
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// rule finds what breaks it in a tree.
type rule func(t *testing.T, tree fs.FS) []string

// hold tries a rule on the repository and on a tree that breaks it in exactly the ways given.
func hold(t *testing.T, check rule, broken fstest.MapFS, want ...string) {
	t.Helper()
	for _, problem := range check(t, os.DirFS(repository(t))) {
		t.Error(problem)
	}
	got := check(t, broken)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("on a broken tree the rule found\n%q\ninstead of\n%q", got, want)
	}
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
