package command

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/debian"
	"github.com/longshore-io/longshore/deploy/local/process"
)

// slowPackages are left out of the fast tests, with the packages below them.
var slowPackages = []string{"github.com/longshore-io/longshore/e2e/bench", "github.com/longshore-io/longshore/deploy/image"}

// systemTests is the package of the system tests.
const systemTests = "github.com/longshore-io/longshore/e2e"

// allTestArgs returns the arguments of go test for all packages, with the race detector if possible:
// first of the system tests, whose time limits need a machine that does nothing else, then of all
// other packages.
func allTestArgs(ctx context.Context, root string, log *process.Lines) ([][]string, error) {
	race, err := raceFlag(ctx, log)
	if err != nil {
		return nil, err
	}
	packages, err := listPackages(ctx, root)
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(packages, func(path string) bool { return path == systemTests })
	flags := []string{race, "-shuffle=on", "-count=1", "-timeout", "30m"}
	return [][]string{append(slices.Clone(flags), systemTests), append(flags, others...)}, nil
}

// fastTestArgs returns the arguments of go test for the packages whose tests take seconds.
func fastTestArgs(ctx context.Context, root string) ([][]string, error) {
	packages, err := listPackages(ctx, root)
	if err != nil {
		return nil, err
	}
	return [][]string{append([]string{"-count=1"}, slices.DeleteFunc(packages, isSlow)...)}, nil
}

// listPackages returns the import paths of all packages of the workspace.
func listPackages(ctx context.Context, root string) ([]string, error) {
	list := exec.CommandContext(ctx, "go", "list", "work")
	list.Dir = root
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages: %w", err)
	}
	return strings.Fields(string(output)), nil
}

func isSlow(path string) bool {
	below := func(slow string) bool { return strings.HasPrefix(path+"/", slow+"/") }
	return path == systemTests || slices.ContainsFunc(slowPackages, below)
}

// raceFlag returns the flag that enables the race detector. The detector needs a C compiler: without
// one, root on Debian gets it installed, and for others the flag disables the detector, with a message.
func raceFlag(ctx context.Context, log *process.Lines) (string, error) {
	const enabled, disabled = "-race", "-race=false"
	output, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return "", fmt.Errorf("reading the C compiler from go env: %w", err)
	}
	if compiler := strings.Fields(string(output)); len(compiler) > 0 {
		if _, err := exec.LookPath(compiler[0]); err == nil {
			return enabled, nil
		}
	}
	if !debian.CanInstall() {
		log.Printf("no C compiler is installed: the tests run without the race detector")
		return disabled, nil
	}
	log.Printf("no C compiler is installed: installing the Debian packages gcc and libc6-dev for the race detector (half a minute)")
	return enabled, debian.Install(ctx, "gcc", "libc6-dev")
}
