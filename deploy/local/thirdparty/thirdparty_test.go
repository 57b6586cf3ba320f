package thirdparty

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackages(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := Packages(folder); err == nil || errors.Is(err, ErrNoPackages) {
		t.Errorf("Packages() without a lock file = %v, want another error than ErrNoPackages", err)
	}
	write(t, folder, lockFile, "one")
	if err := Packages(folder); !errors.Is(err, ErrNoPackages) {
		t.Errorf("Packages() before the installation = %v, want ErrNoPackages", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "node_modules"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := markInstalled(folder); err != nil {
		t.Fatal(err)
	}
	if err := Packages(folder); err != nil {
		t.Errorf("Packages() after the installation = %v, want nil", err)
	}
	write(t, folder, lockFile, "two")
	if err := Packages(folder); !errors.Is(err, ErrNoPackages) {
		t.Errorf("Packages() with a changed lock file = %v, want ErrNoPackages", err)
	}
}

func TestFindNamesTheDebianPackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for program, debianPackage := range programs {
		if _, err := Find(program); err == nil || !strings.Contains(err.Error(), "apt-get install "+debianPackage) {
			t.Errorf("Find(%s) = %v, want an error that names %s", program, err, debianPackage)
		}
	}
	if _, err := Find("sh"); err == nil || strings.Contains(err.Error(), "apt-get") {
		t.Errorf("Find(sh) = %v, want an error without a package", err)
	}
}

func TestMissing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	names, packages := missing()
	if len(names) != len(programs) || len(packages) != len(programs) {
		t.Errorf("missing() with an empty PATH = %v, %v, want all programs", names, packages)
	}
	write(t, folder, "xmllint", "#!/bin/sh\n")
	if names, packages := missing(); strings.Join(names, " ") != "chromium node npm pdftotext" || strings.Join(packages, " ") != "chromium nodejs npm poppler-utils" {
		t.Errorf("missing() with xmllint in PATH = %v, %v, want all others", names, packages)
	}
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}
