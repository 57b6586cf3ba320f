// Package debian installs packages on a Debian or Ubuntu machine, without starting the services they bring: the local
// stack starts servers of its own.
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
	// policyFile forbids packages to start services while it exists and answers 101 (deb-systemd-invoke(1p), invoke-rc.d(8)).
	policyFile = "/usr/sbin/policy-rc.d"
	// noClusterFile keeps postgresql-common from making and starting a database cluster (pg_createcluster(1)).
	noClusterFile = "/etc/postgresql-common/createcluster.d/longshore.conf"
)

// CanInstall tells whether this process may install packages: it is root's, and there is an apt-get.
func CanInstall() bool {
	_, err := exec.LookPath("apt-get")
	return err == nil && os.Geteuid() == 0
}

// Install installs the packages, after an update of the lists if apt-get does not know them. What apt-get says is in the
// error when it fails.
func Install(ctx context.Context, packages ...string) (err error) {
	restore, err := holdServices()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
	if err := aptGet(ctx, append([]string{"--simulate"}, install...)...); err != nil {
		if err := aptGet(ctx, "update"); err != nil {
			return fmt.Errorf("updating the lists of packages: %w", err)
		}
	}
	if err := aptGet(ctx, install...); err != nil {
		return fmt.Errorf("installing %s: %w", strings.Join(packages, " "), err)
	}
	return nil
}

// Disable keeps a service that a package has brought from starting with the machine. Without systemd there is nothing
// to do.
func Disable(ctx context.Context, service string) error {
	if _, err := exec.LookPath("systemctl"); err != nil {
		return nil //nolint:nilerr // a machine without systemd starts no service by itself
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
	said := process.NewTail(nil)
	if err := process.Run(ctx, process.Command{Args: args, Env: env, Stdout: said}); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// holdServices lays the two files that keep packages from starting services; restore removes what was laid.
func holdServices() (restore func() error, err error) {
	var laid []string
	restore = func() error {
		var errs []error
		for _, name := range laid {
			errs = append(errs, os.Remove(name))
		}
		return errors.Join(errs...)
	}
	for name, content := range map[string]string{
		policyFile:    "#!/bin/sh\nexit 101\n",
		noClusterFile: "create_main_cluster = false\n",
	} {
		made, err := lay(name, content)
		if err != nil {
			return nil, errors.Join(err, restore())
		}
		if made {
			laid = append(laid, name)
		}
	}
	return restore, nil
}

// lay writes a file that does not exist yet.
func lay(name, content string) (made bool, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // G301: a folder of the system's configuration
		return false, fmt.Errorf("creating the folder of %s: %w", name, err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755) //nolint:gosec // G302: policy-rc.d is a program
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
