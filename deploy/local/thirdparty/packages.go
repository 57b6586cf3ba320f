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

// lockFile names the versions; installedFile is the copy of it that is written when all of them are there.
const (
	lockFile      = "package-lock.json"
	installedFile = "node_modules/.installed"
)

// ErrNoPackages says that npm's packages are not there, or are others than those that the lock file names.
var ErrNoPackages = errors.New("the npm packages of e2e/thirdparty are not installed: make test installs them if there is an npm (Debian: apt-get install npm)")

// Packages returns nil when npm's packages are in the folder as its lock file names them, else ErrNoPackages.
func Packages(folder string) error {
	wanted, err := os.ReadFile(filepath.Join(folder, lockFile))
	if err != nil {
		return fmt.Errorf("reading which npm packages tests use: %w", err)
	}
	installed, err := os.ReadFile(filepath.Join(folder, installedFile))
	if err != nil || !bytes.Equal(wanted, installed) {
		return ErrNoPackages
	}
	return nil
}

// installPackages leaves alone what is there already.
func installPackages(ctx context.Context, folder string, out io.Writer) error {
	err := Packages(folder)
	if !errors.Is(err, ErrNoPackages) {
		return err
	}
	if _, err := Find("npm"); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "installing the npm packages of e2e/thirdparty (seconds)")
	said := process.NewTail(nil)
	// Scripts of packages are not run: nothing that tests use needs one.
	command := process.Command{Args: []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"}, Dir: folder, Stdout: said}
	if err := process.Run(ctx, command); err != nil {
		return fmt.Errorf("installing the npm packages of e2e/thirdparty: %w: %s", err, said)
	}
	return markInstalled(folder)
}

func markInstalled(folder string) error {
	wanted, err := os.ReadFile(filepath.Join(folder, lockFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, installedFile), wanted, 0o644) //nolint:gosec // G306: no secret
	}
	if err != nil {
		return fmt.Errorf("noting which npm packages are installed: %w", err)
	}
	return nil
}
