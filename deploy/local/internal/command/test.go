package command

import (
	"context"
	"io"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/deploy/local/stack"
	"github.com/longshore-io/longshore/deploy/local/thirdparty"
)

// programsVariable tells the system tests where the programs are that were built from this tree.
const programsVariable = "LONGSHORE_BIN_DIR"

// test runs go test over all modules, or with the arguments given, against servers with empty data.
func test(ctx context.Context, out, errOut io.Writer, args []string) error {
	say := process.NewConsole(errOut, nameWidth).Lines("longshore")
	return inWorkshop("make test", "test", func(w workshop) error {
		profile := stack.Profile{Fresh: true, Postgres: map[string]string{"fsync": "off", "full_page_writes": "off"}}
		return w.withServers(ctx, profile, say, func(servers *stack.Servers) error {
			if err := thirdparty.Install(ctx, w.root, say); err != nil {
				say.Printf("%v\nthe tests that need it are skipped; as root or in CI (environment CI) they fail", err)
			}
			if len(args) == 0 {
				race, err := raceDetector(ctx, say)
				if err != nil {
					return err
				}
				args = []string{race, "-shuffle=on", "-count=1", "-timeout", "30m", "work"}
			}
			return w.run(ctx, servers, out, errOut, append([]string{"go", "test"}, args...))
		})
	})
}

// bench runs the benchmark with the arguments given, against servers as durable as those of a run.
func bench(ctx context.Context, out, errOut io.Writer, args []string) error {
	say := process.NewConsole(errOut, nameWidth).Lines("longshore")
	return inWorkshop("make bench", "bench", func(w workshop) error {
		return w.withServers(ctx, stack.Profile{Redis: redis.Durable()}, say, func(servers *stack.Servers) error {
			return w.run(ctx, servers, out, errOut, append([]string{"go", "run", "./e2e/bench"}, args...))
		})
	})
}

// run runs a program of the repository that uses the servers.
func (w workshop) run(ctx context.Context, servers *stack.Servers, out, errOut io.Writer, args []string) error {
	return process.Run(ctx, process.Command{
		Args: args, Dir: w.root, Stdout: out, Stderr: errOut,
		Env: append(servers.Env(), programsVariable+"="+filepath.Clean(w.programs)),
	})
}
