package command

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/deploy/local/stack"
	"github.com/longshore-io/longshore/deploy/local/thirdparty"
)

// binDirVariable names the folder of the built programs for the tests, so that they are built once.
const binDirVariable = "LONGSHORE_BIN_DIR"

// raceOptions shorten the time that a test program with the race detector sleeps before it exits: a
// second by default, for each package. See https://go.dev/doc/articles/race_detector.
const raceOptions = "GORACE=atexit_sleep_ms=50"

// testPostgres are the settings of the Postgres of the tests.
var testPostgres = map[string]string{
	"fsync": "off", "full_page_writes": "off", // the data need not survive a crash of the machine
	"max_connections": "500", // of several stacks at a time
}

// test runs go test on the packages of the scope, or with the given arguments, against servers with
// empty data. The scope of all tests includes the fuzz targets, a few seconds each.
func test(ctx context.Context, out, errOut io.Writer, selected scope, args []string) error {
	log := process.NewConsole(errOut, nameWidth).Lines("longshore")
	return inWorkspace("make test", "test", func(w workspace) error {
		return w.withServers(ctx, stack.Profile{Fresh: true, Postgres: testPostgres}, log, func(servers *stack.Servers) error {
			runs, err := w.testArgs(ctx, log, selected, args)
			if err != nil {
				return err
			}
			var errs []error
			for _, args := range runs {
				errs = append(errs, w.run(ctx, servers, out, errOut, append([]string{"go", "test"}, args...)))
			}
			if selected == allScope && len(args) == 0 {
				errs = append(errs, w.fuzz(ctx, servers, out, errOut, fuzzOptions{time: defaultFuzzTime}))
			}
			return errors.Join(errs...)
		})
	})
}

// testArgs returns the arguments of each run of go test.
func (w workspace) testArgs(ctx context.Context, log *process.Lines, selected scope, args []string) ([][]string, error) {
	if selected == fastScope && len(args) == 0 {
		return goTestArgs(ctx, w.root, selected, log)
	}
	if err := thirdparty.Install(ctx, w.root, log); err != nil {
		log.Printf("%v\ntests that need it are skipped; as root or in CI (variable CI) they fail", err)
	}
	if len(args) > 0 {
		return [][]string{args}, nil
	}
	log.Printf("running the system tests first (minutes), then the tests of the other packages")
	return goTestArgs(ctx, w.root, selected, log)
}

// bench runs the benchmark with the given arguments, against servers as durable as those of make run.
func bench(ctx context.Context, out, errOut io.Writer, args []string) error {
	log := process.NewConsole(errOut, nameWidth).Lines("longshore")
	return inWorkspace("make bench", "bench", func(w workspace) error {
		return w.withServers(ctx, stack.Profile{Redis: redis.Durable()}, log, func(servers *stack.Servers) error {
			return w.run(ctx, servers, out, errOut, append([]string{"go", "run", "./e2e/bench"}, args...))
		})
	})
}

// run runs a program that uses the servers in the root of the repository.
func (w workspace) run(ctx context.Context, servers *stack.Servers, out, errOut io.Writer, args []string) error {
	return w.runIn(ctx, w.root, servers, out, errOut, args)
}

// runIn is run in another folder.
func (w workspace) runIn(ctx context.Context, dir string, servers *stack.Servers, out, errOut io.Writer, args []string) error {
	return process.Run(ctx, process.Command{
		Args: args, Dir: dir, Stdout: out, Stderr: errOut,
		Env: append(servers.Env(), binDirVariable+"="+filepath.Clean(w.bin), raceOptions),
	})
}
