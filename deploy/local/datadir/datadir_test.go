package datadir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/datadir"
)

func TestOpenIsForOneAtATime(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new", "home")
	first, err := datadir.Open(folder, "make run")
	if err != nil {
		t.Fatal(err)
	}
	_, err = datadir.Open(folder, "make demo")
	var held *datadir.LockedError
	if !errors.As(err, &held) || !strings.HasPrefix(held.Owner, "make run (process ") {
		t.Errorf("a second Open returned %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := datadir.Open(folder, "make demo")
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestAtKeepsThePlace(t *testing.T) {
	t.Parallel()
	// The folders of t.TempDir are closed to others, so root gets a place elsewhere behind a link, and others get the path.
	path := filepath.Join(t.TempDir(), "server")
	first, err := datadir.OpenServerDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = datadir.RemoveServerDir(path) })
	again, err := datadir.OpenServerDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if again.Path != first.Path {
		t.Errorf("the place moved from %s to %s", first.Path, again.Path)
	}
	if root := os.Geteuid() == 0; root != (first.Credential != nil) || root != (again.Credential != nil) {
		t.Errorf("root: %v, but the accounts are %v and %v", root, first.Credential, again.Credential)
	}
	if err := datadir.RemoveServerDir(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, first.Path} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Remove left %s", name)
		}
	}
}

func TestAtReplacesADeadLink(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "server")
	if err := os.Symlink("/nonexistent/place", path); err != nil {
		t.Fatal(err)
	}
	place, err := datadir.OpenServerDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = datadir.RemoveServerDir(path) })
	if info, err := os.Stat(place.Path); err != nil || !info.IsDir() {
		t.Errorf("the place %s is not there: %v", place.Path, err)
	}
}
