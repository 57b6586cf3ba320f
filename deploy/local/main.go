// Command local runs Longshore on one machine: Postgres, Redis and the services as processes of its own, or the tests
// against them. `make help` lists its uses.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/longshore-io/longshore/deploy/local/internal/command"
	"github.com/longshore-io/longshore/deploy/local/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // gives a second Ctrl-C its default effect: the end, at once, of this process and its children
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "longshore:", err)
		os.Exit(command.ExitCode(err))
	}
}

func run(ctx context.Context, args []string) error {
	ctx, cancel := process.WithParent(ctx)
	defer cancel()
	return command.Run(ctx, args, os.Stdout, os.Stderr)
}
