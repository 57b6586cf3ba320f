package datadir_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/datadir"
)

func TestOpenLocksTheFolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "home")
	first, err := datadir.Open(path, "make run")
	if err != nil {
		t.Fatal(err)
	}
	_, err = datadir.Open(path, "make demo")
	var locked *datadir.LockedError
	if !errors.As(err, &locked) || !strings.HasPrefix(locked.Owner, "make run (process ") {
		t.Errorf("second Open() = %v, want a LockedError with the owner make run", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := datadir.Open(path, "make demo")
	if err != nil {
		t.Fatalf("Open() after Close() = %v, want no error", err)
	}
	if err := second.Close(); err != nil {
		t.Errorf("Close() = %v, want no error", err)
	}
}
