package thirdparty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// lockFile contains the versions; installedFile is a copy of it, written after their installation.
const (
	lockFile      = "package-lock.json"
	installedFile = "node_modules/.installed"
)

// ErrNoPackages means that the npm packages are not installed in the versions of the lock file.
var ErrNoPackages = errors.New("the npm packages of e2e/thirdparty are not installed: make test installs them if npm is installed (Debian: apt-get install npm)")

// Packages returns nil if the npm packages of the folder's lock file are installed in it, otherwise
// ErrNoPackages.
func Packages(folder string) error {
	want, err := os.ReadFile(filepath.Join(folder, lockFile))
	if err != nil {
		return fmt.Errorf("reading the versions of the npm packages: %w", err)
	}
	installed, err := os.ReadFile(filepath.Join(folder, installedFile))
	if err != nil || !bytes.Equal(want, installed) {
		return ErrNoPackages
	}
	return nil
}

// installPackages installs the npm packages if they are missing.
func installPackages(ctx context.Context, folder string, out io.Writer) error {
	err := Packages(folder)
	if !errors.Is(err, ErrNoPackages) {
		return err
	}
	if _, err := Find("npm"); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "installing the npm packages of e2e/thirdparty (seconds)")
	output := process.NewTail(nil)
	// --ignore-scripts: none of the packages needs its install scripts.
	command := process.Command{Args: []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"}, Dir: folder, Stdout: output}
	if err := process.Run(ctx, command); err != nil {
		return fmt.Errorf("installing the npm packages of e2e/thirdparty: %w: %s", err, output)
	}
	return markInstalled(folder)
}

func markInstalled(folder string) error {
	versions, err := os.ReadFile(filepath.Join(folder, lockFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, installedFile), versions, 0o644) //nolint:gosec // G306: not secret
	}
	if err != nil {
		return fmt.Errorf("recording the installation of the npm packages: %w", err)
	}
	return nil
}
