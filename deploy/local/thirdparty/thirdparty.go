// Package foreign brings what others have written and the system tests hold Longshore against: clients and readers. Programs come as
// Debian's packages, npm's packages into a folder of the repository, at the versions that its package-lock.json names.
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

// programs maps each program to the package that brings it on Debian.
var programs = map[string]string{
	"chromium":  "chromium",
	"node":      "nodejs",
	"npm":       "npm",
	"pdftotext": "poppler-utils",
	"xmllint":   "libxml2-utils",
}

// Folder is where the scripts and npm's packages are, in the repository at root.
func Folder(root string) string { return filepath.Join(root, "e2e", "thirdparty") }

// Find returns the path of a program, or an error that says how to get it.
func Find(program string) (string, error) {
	brought, known := programs[program]
	if !known {
		return "", fmt.Errorf("%s is not among the programs that tests use", program)
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("no %s on this machine: make test as root installs it, or else: apt-get install %s", program, brought)
	}
	return path, nil
}

// Install brings what is missing, as far as it can: programs for root on Debian, npm's packages for everybody who has npm. What is
// done goes to out. Everything is tried, and the error tells all that could not be had.
func Install(ctx context.Context, root string, out io.Writer) error {
	return errors.Join(installPrograms(ctx, out), installPackages(ctx, Folder(root), out))
}

func installPrograms(ctx context.Context, out io.Writer) error {
	names, packages := missing()
	if len(packages) == 0 {
		return nil
	}
	if !debian.CanInstall() {
		return fmt.Errorf("no %s on this machine: install them (Debian: apt-get install %s)", strings.Join(names, ", "), strings.Join(packages, " "))
	}
	_, _ = fmt.Fprintf(out, "no %s on this machine: installing Debian's packages %s (half a minute)\n",
		strings.Join(names, ", "), strings.Join(packages, " "))
	return debian.Install(ctx, packages...)
}

// missing lists the programs that are not there and the packages that bring them, both sorted.
func missing() (names, packages []string) {
	for name, brought := range programs {
		if _, err := exec.LookPath(name); err != nil {
			names, packages = append(names, name), append(packages, brought)
		}
	}
	slices.Sort(names)
	slices.Sort(packages)
	return names, packages
}
