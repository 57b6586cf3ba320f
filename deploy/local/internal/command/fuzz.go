package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/stack"
)

// defaultFuzzTime is how long each fuzz target runs by default.
const defaultFuzzTime = 2 * time.Second

// fuzzTags leave out gin's codec for MessagePack, which the api does not use and which takes minutes to
// build with the instrumentation.
const fuzzTags = "nomsgpack"

// fuzzOptions select what make fuzz runs.
type fuzzOptions struct {
	// time is how long each target runs.
	time time.Duration
	// match selects the targets whose import path and name, as in pkg/intake.FuzzCSV, it matches.
	match string
}

// fuzzed is a package with fuzz targets.
type fuzzed struct {
	path, dir string
	targets   []string
}

// fuzz runs the fuzz targets against servers with empty data.
func fuzz(ctx context.Context, out, errOut io.Writer, options fuzzOptions) error {
	log := process.NewConsole(errOut, nameWidth).Lines("longshore")
	return inWorkspace("make fuzz", "test", func(w workspace) error {
		return w.withServers(ctx, stack.Profile{Fresh: true, Postgres: testPostgres}, log, func(servers *stack.Servers) error {
			return w.fuzz(ctx, servers, out, errOut, options)
		})
	})
}

// fuzz builds the tests of each package with fuzz targets once, with the instrumentation for fuzzing,
// and then runs the targets one after another. The go command runs a single target only, and would
// build the tests again for each.
func (w workspace) fuzz(ctx context.Context, servers *stack.Servers, out, errOut io.Writer, options fuzzOptions) error {
	packages, err := fuzzPackages(ctx, w.root, options.match)
	if err != nil {
		return err
	}
	cache, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return fmt.Errorf("reading the folder of the cache from go env: %w", err)
	}
	var errs []error
	for _, p := range packages {
		binary := filepath.Join(w.bin, "fuzz", strings.ReplaceAll(strings.TrimPrefix(p.path, modulePrefix), "/", "-")+".test")
		build := []string{"go", "test", "-c", "-vet=off", "-tags=" + fuzzTags, "-fuzz=.", "-o", binary, p.path}
		if err := w.run(ctx, servers, out, errOut, build); err != nil {
			errs = append(errs, err)
			continue
		}
		for _, target := range p.targets {
			_, _ = fmt.Fprintf(out, "fuzz %s.%s\n", strings.TrimPrefix(p.path, modulePrefix), target)
			var printed bytes.Buffer
			err := w.runIn(ctx, p.dir, servers, io.MultiWriter(out, &printed), errOut, []string{
				binary, "-test.run=^$", "-test.fuzz=^" + target + "$", "-test.fuzztime=" + options.time.String(), "-test.timeout=0",
				"-test.fuzzcachedir=" + filepath.Join(strings.TrimSpace(string(cache)), "fuzz", p.path),
			})
			if !onlyOutOfTime(printed.String()) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// onlyOutOfTime reports whether a target failed only because its time was over: on a busy machine Go's
// fuzzing reports that as an error of the target. An input that fails is written to a file.
func onlyOutOfTime(output string) bool {
	failure := regexp.MustCompile(`(?m)^--- FAIL: Fuzz\w* \(.*\)\n    context deadline exceeded\nFAIL$`)
	return failure.MatchString(output) && !strings.Contains(output, "Failing input written")
}

// fuzzPackages returns the packages of the workspace with targets that match.
func fuzzPackages(ctx context.Context, root, match string) ([]fuzzed, error) {
	selected, err := regexp.Compile(match)
	if err != nil {
		return nil, fmt.Errorf("reading the pattern of targets: %w", err)
	}
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.ImportPath}}\t{{.Dir}}", "work")
	list.Dir = root
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages: %w", err)
	}
	var packages []fuzzed
	for line := range strings.Lines(string(output)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		targets, err := fuzzTargets(dir)
		if err != nil {
			return nil, err
		}
		targets = slices.DeleteFunc(targets, func(target string) bool {
			return !selected.MatchString(strings.TrimPrefix(path, modulePrefix) + "." + target)
		})
		if len(targets) > 0 {
			packages = append(packages, fuzzed{path, dir, targets})
		}
	}
	return packages, nil
}

// fuzzFunction matches the beginning of a fuzz target.
var fuzzFunction = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// fuzzTargets returns the names of the fuzz targets in the test files of a folder.
func fuzzTargets(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, fmt.Errorf("listing the tests: %w", err)
	}
	var targets []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a test: %w", err)
		}
		for _, found := range fuzzFunction.FindAllStringSubmatch(string(text), -1) {
			targets = append(targets, found[1])
		}
	}
	return targets, nil
}
