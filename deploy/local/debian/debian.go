// Package debian installs packages on Debian and Ubuntu without starting the services in them, because
// the local stack starts its own servers.
package debian

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/process"
)

const (
	// policyFile keeps packages from starting services while it exits with 101 (deb-systemd-invoke(1p),
	// invoke-rc.d(8)).
	policyFile = "/usr/sbin/policy-rc.d"
	// noClusterFile keeps postgresql-common from creating a database cluster (pg_createcluster(1)).
	noClusterFile = "/etc/postgresql-common/createcluster.d/longshore.conf"
)

// CanInstall reports whether this process can install packages: it runs as root, and apt-get exists.
func CanInstall() bool {
	_, err := exec.LookPath("apt-get")
	return err == nil && os.Geteuid() == 0
}

// Install installs the packages. If apt-get does not know them, it first updates the package lists. The
// output of apt-get is in the error.
func Install(ctx context.Context, packages ...string) (err error) {
	restore, err := preventServiceStarts()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
	if err := aptGet(ctx, append([]string{"--simulate"}, install...)...); err != nil {
		if err := aptGet(ctx, "update"); err != nil {
			return fmt.Errorf("updating the package lists: %w", err)
		}
	}
	if err := aptGet(ctx, install...); err != nil {
		return fmt.Errorf("installing %s: %w", strings.Join(packages, " "), err)
	}
	return nil
}

// Disable keeps an installed service from starting with the machine. Without systemd it does nothing.
func Disable(ctx context.Context, service string) error {
	if _, err := exec.LookPath("systemctl"); err != nil {
		return nil //nolint:nilerr // without systemd no service starts with the machine
	}
	if err := run(ctx, nil, "systemctl", "disable", service); err != nil {
		return fmt.Errorf("disabling the service %s: %w", service, err)
	}
	return nil
}

func aptGet(ctx context.Context, args ...string) error {
	env := append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	return run(ctx, env, append([]string{"apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"}, args...)...)
}

func run(ctx context.Context, env []string, args ...string) error {
	output := process.NewTail(nil)
	if err := process.Run(ctx, process.Command{Args: args, Env: env, Stdout: output}); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}

// preventServiceStarts creates policyFile and noClusterFile if they do not exist; restore deletes the
// created ones.
func preventServiceStarts() (restore func() error, err error) {
	var created []string
	restore = func() error {
		var errs []error
		for _, name := range created {
			errs = append(errs, os.Remove(name))
		}
		return errors.Join(errs...)
	}
	for name, content := range map[string]string{
		policyFile:    "#!/bin/sh\nexit 101\n",
		noClusterFile: "create_main_cluster = false\n",
	} {
		isNew, err := createFile(name, content)
		if err != nil {
			return nil, errors.Join(err, restore())
		}
		if isNew {
			created = append(created, name)
		}
	}
	return restore, nil
}

// createFile creates a file, and returns false if it exists.
func createFile(name, content string) (created bool, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // G301: a folder of the system configuration
		return false, fmt.Errorf("creating the folder of %s: %w", name, err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755) //nolint:gosec // G302: policy-rc.d is executable
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("creating %s: %w", name, err)
	}
	_, err = file.WriteString(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return false, fmt.Errorf("writing %s: %w", name, err)
	}
	return true, nil
}
