package datadir_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/datadir"
)

func TestOpenServerDirReopens(t *testing.T) {
	t.Parallel()
	// Other accounts cannot enter the folders of t.TempDir: for root the path becomes a link.
	path := filepath.Join(t.TempDir(), "server")
	first, err := datadir.OpenServerDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = datadir.RemoveServerDir(path) })
	second, err := datadir.OpenServerDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if second.Path != first.Path {
		t.Errorf("Path after reopening = %s, want %s", second.Path, first.Path)
	}
	for _, dir := range []datadir.ServerDir{first, second} {
		if got, want := dir.Credential != nil, os.Geteuid() == 0; got != want {
			t.Errorf("account %v: separate account = %t, want %t", dir.Credential, got, want)
		}
	}
	if err := datadir.RemoveServerDir(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, first.Path} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Lstat(%s) after RemoveServerDir() = %v, want ErrNotExist", name, err)
		}
	}
}

func TestOpenServerDirReplacesABrokenLink(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "server")
	if err := os.Symlink("/nonexistent/folder", path); err != nil {
		t.Fatal(err)
	}
	dir, err := datadir.OpenServerDir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = datadir.RemoveServerDir(path) })
	if info, err := os.Stat(dir.Path); err != nil || !info.IsDir() {
		t.Errorf("Stat(%s) = %v, %v, want a folder", dir.Path, info, err)
	}
}
