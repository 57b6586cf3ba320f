// Package thirdparty installs the third-party clients and readers of the system tests: programs as
// Debian packages, and npm packages, at the versions of package-lock.json, in a folder of the repository.
package thirdparty

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/debian"
)

// programs maps each program to its Debian package.
var programs = map[string]string{
	"chromium":  "chromium",
	"node":      "nodejs",
	"npm":       "npm",
	"pdftotext": "poppler-utils",
	"xmllint":   "libxml2-utils",
}

// Folder returns the folder of the scripts and npm packages in the repository at root.
func Folder(root string) string { return filepath.Join(root, "e2e", "thirdparty") }

// Find returns the path of a program, or an error that says how to install it.
func Find(program string) (string, error) {
	debianPackage, known := programs[program]
	if !known {
		return "", fmt.Errorf("%s is not a program of the system tests", program)
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s is not installed: make test as root installs it, otherwise use: apt-get install %s", program, debianPackage)
	}
	return path, nil
}

// Install installs what is missing: programs if this is root on Debian, npm packages if npm is
// installed. It reports its steps to out. The error contains everything that could not be installed.
func Install(ctx context.Context, root string, out io.Writer) error {
	return errors.Join(installPrograms(ctx, out), installPackages(ctx, Folder(root), out))
}

func installPrograms(ctx context.Context, out io.Writer) error {
	names, packages := missing()
	if len(packages) == 0 {
		return nil
	}
	if !debian.CanInstall() {
		return fmt.Errorf("not installed: %s (Debian: apt-get install %s)", strings.Join(names, ", "), strings.Join(packages, " "))
	}
	_, _ = fmt.Fprintf(out, "not installed: %s; installing the Debian packages %s (half a minute)\n",
		strings.Join(names, ", "), strings.Join(packages, " "))
	return debian.Install(ctx, packages...)
}

// missing returns the programs that are not installed and their Debian packages, both sorted.
func missing() (names, packages []string) {
	for name, debianPackage := range programs {
		if _, err := exec.LookPath(name); err != nil {
			names, packages = append(names, name), append(packages, debianPackage)
		}
	}
	slices.Sort(names)
	slices.Sort(packages)
	return names, packages
}
