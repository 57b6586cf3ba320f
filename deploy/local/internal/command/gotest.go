package command

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/debian"
	"github.com/longshore-io/longshore/deploy/local/process"
)

const modulePrefix = "github.com/longshore-io/longshore/"

// systemTests is the package of the system tests.
const systemTests = modulePrefix + "e2e"

// slowPackages are left out of the fast tests, with the packages below them. The system tests and the
// extended packages are left out too.
var slowPackages = []string{modulePrefix + "e2e/bench", modulePrefix + "deploy/image"}

// extendedPackages are tested by make test-all only, with the packages below them. Their tests need
// servers of their own (a pooler, a standby, a cluster) or more than a few seconds each.
var extendedPackages = []string{
	modulePrefix + "e2e/admission",
	modulePrefix + "e2e/chaos",
	modulePrefix + "e2e/crash",
	modulePrefix + "e2e/edgefaults",
	modulePrefix + "e2e/fuzz",
	modulePrefix + "e2e/history",
	modulePrefix + "e2e/poolers",
	modulePrefix + "e2e/redistopology",
	modulePrefix + "e2e/roles",
	modulePrefix + "e2e/signin",
	modulePrefix + "e2e/standby",
}

// sequentialPackages are tested without the race detector, with the packages below them: they check
// files, most of them with libraries that take minutes to build and to run with the detector.
var sequentialPackages = []string{
	modulePrefix + "deploy/compose",
	modulePrefix + "deploy/image",
	modulePrefix + "deploy/k8s",
	modulePrefix + "deploy/monitoring",
	modulePrefix + "e2e/architecture",
	modulePrefix + "e2e/bench/internal/corpus",
}

// scope selects the packages that are tested.
type scope int

const (
	// fastScope leaves out the system tests, slowPackages, extendedPackages and the race detector.
	fastScope scope = iota
	// normalScope leaves out extendedPackages.
	normalScope
	// allScope leaves out nothing.
	allScope
)

// goTestArgs returns the arguments of each run of go test for a scope. The fast tests run without the
// race detector, the others with it if possible; see selection.runs for exceptions.
func goTestArgs(ctx context.Context, root string, s scope, log *process.Lines) ([][]string, error) {
	packages, err := listPackages(ctx, root)
	if err != nil {
		return nil, err
	}
	if s == fastScope {
		return [][]string{append([]string{"-count=1", parallel()}, selectPackages(packages).fast...)}, nil
	}
	race, err := raceFlag(ctx, log)
	if err != nil {
		return nil, err
	}
	return selectPackages(packages).runs(s, race), nil
}

// selection contains the import paths of the workspace's packages by the tests that include them.
type selection struct {
	fast       []string // of the fast tests, which are part of the following two
	concurrent []string
	sequential []string
	extended   []string
}

func selectPackages(paths []string) selection {
	var s selection
	for _, path := range paths {
		switch {
		case path == systemTests:
			continue
		case isBelow(path, extendedPackages):
			s.extended = append(s.extended, path)
			continue
		case isBelow(path, sequentialPackages):
			s.sequential = append(s.sequential, path)
		default:
			s.concurrent = append(s.concurrent, path)
		}
		if !isBelow(path, slowPackages) {
			s.fast = append(s.fast, path)
		}
	}
	return s
}

// runs returns the arguments of each run of go test: first the system tests, whose time limits need a
// machine that does nothing else, then all other packages, then the extended ones one after another,
// for the same reason as the system tests. None runs go vet, which make lint and make test-fast do.
// The system tests start programs built without the race detector, so that it checks only the tests
// themselves.
func (s selection) runs(selected scope, race string) [][]string {
	run := func(args ...string) []string {
		return append([]string{"-vet=off", "-shuffle=on", "-count=1", "-timeout", "30m"}, args...)
	}
	runs := [][]string{
		run(race, systemTests),
		run(append([]string{race, parallel()}, s.concurrent...)...),
		run(s.sequential...),
	}
	if selected == allScope && len(s.extended) > 0 {
		runs = append(runs, run(append([]string{race, "-p", "1"}, s.extended...)...))
	}
	return runs
}

// parallel returns the flag with the number of tests of a package that run at the same time. The
// default, the number of cores, leaves a few cores idle, because most tests wait for Postgres.
func parallel() string {
	const minTests = 8
	return "-parallel=" + strconv.Itoa(max(minTests, runtime.NumCPU()))
}

// isBelow returns true if the path is one of the packages or below one.
func isBelow(path string, packages []string) bool {
	return slices.ContainsFunc(packages, func(above string) bool { return strings.HasPrefix(path+"/", above+"/") })
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
