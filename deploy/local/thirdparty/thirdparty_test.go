package thirdparty

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackagesFollowTheLockFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := Packages(folder); err == nil || errors.Is(err, ErrNoPackages) {
		t.Errorf("without a lock file: %v", err)
	}
	write(t, folder, lockFile, "one")
	if err := Packages(folder); !errors.Is(err, ErrNoPackages) {
		t.Errorf("nothing is installed: %v", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "node_modules"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := markInstalled(folder); err != nil {
		t.Fatal(err)
	}
	if err := Packages(folder); err != nil {
		t.Errorf("what the lock file names is installed: %v", err)
	}
	write(t, folder, lockFile, "two")
	if err := Packages(folder); !errors.Is(err, ErrNoPackages) {
		t.Errorf("the lock file is a new one: %v", err)
	}
}

func TestFindTellsWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for program, brought := range programs {
		if _, err := Find(program); err == nil || !strings.Contains(err.Error(), "apt-get install "+brought) {
			t.Errorf("%s: %v", program, err)
		}
	}
	if _, err := Find("sh"); err == nil || strings.Contains(err.Error(), "apt-get") {
		t.Errorf("a program that is not of the list: %v", err)
	}
}

func TestMissingIsWhatIsNotInPath(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	names, packages := missing()
	if len(names) != len(programs) || len(packages) != len(programs) {
		t.Errorf("nothing is there: %v, %v", names, packages)
	}
	write(t, folder, "xmllint", "#!/bin/sh\n")
	if names, packages := missing(); strings.Join(names, " ") != "chromium node npm pdftotext" || strings.Join(packages, " ") != "chromium nodejs npm poppler-utils" {
		t.Errorf("xmllint is there: %v, %v", names, packages)
	}
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}
