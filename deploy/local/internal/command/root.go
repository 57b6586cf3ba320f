// Package command is the launcher's command line.
package command

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"
)

// Run runs the command that the arguments name.
func Run(ctx context.Context, args []string, out, errOut io.Writer) error {
	root := &cobra.Command{
		Use:           "local",
		Short:         "Run Longshore on this machine: Postgres, Redis and the services, or the tests against them",
		SilenceUsage:  true,
		SilenceErrors: true, // main prints them
	}
	root.SetOut(out)
	root.SetErr(errOut)
	root.AddCommand(
		&cobra.Command{
			Use: "run", Short: "Start the stack, import the sample, and serve until Ctrl-C", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return serve(ctx, out) },
		},
		&cobra.Command{
			Use: "demo", Short: "Start the stack, import the sample, and stop", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return demo(ctx, out) },
		},
		testCommand(ctx, out, errOut),
		fuzzCommand(ctx, out, errOut),
		&cobra.Command{
			Use: "bench [-- arguments of e2e/bench]", Short: "Run the benchmark against a durable Postgres and Redis of its own",
			RunE: func(_ *cobra.Command, args []string) error { return bench(ctx, out, errOut, args) },
		},
		&cobra.Command{
			Use: "sql", Short: "Run SQL statements from standard input on the Postgres of run", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return sql(ctx, os.Stdin, out) },
		},
		&cobra.Command{
			Use: "build", Short: "Build all programs into .bin", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return build(ctx, out) },
		},
		&cobra.Command{
			Use: "delete-data", Short: "Delete the databases and logs in the data folder", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return deleteData(out) },
		},
	)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

func testCommand(ctx context.Context, out, errOut io.Writer) *cobra.Command {
	const fast, all = "fast", "all"
	selected := normalScope
	command := &cobra.Command{
		Use:   "test [-- arguments of go test]",
		Short: "Run the tests but the extended ones against a Postgres and a Redis of their own",
		RunE:  func(_ *cobra.Command, args []string) error { return test(ctx, out, errOut, selected, args) },
	}
	choose := func(s scope) func(string) error {
		return func(string) error { selected = s; return nil }
	}
	command.Flags().BoolFunc(fast, "without the system tests, the benchmark, the images and the race detector", choose(fastScope))
	command.Flags().BoolFunc(all, "with the extended tests, which take minutes or start more servers", choose(allScope))
	command.MarkFlagsMutuallyExclusive(fast, all)
	return command
}

func fuzzCommand(ctx context.Context, out, errOut io.Writer) *cobra.Command {
	var options fuzzOptions
	command := &cobra.Command{
		Use: "fuzz", Short: "Run the fuzz targets against a Postgres and a Redis of their own", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return fuzz(ctx, out, errOut, options) },
	}
	command.Flags().DurationVar(&options.time, "time", defaultFuzzTime, "how long each target runs")
	command.Flags().StringVar(&options.match, "match", "", "run only targets that match, as in pkg/intake.FuzzCSV")
	return command
}

// ExitCode returns the launcher's exit code: that of a failed program, such as go test, otherwise 1.
func ExitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	return 1
}
