// Command local runs Longshore on one machine, with Postgres, Redis and the services as child
// processes, or the tests against them. The Makefile starts it; see `make help`.
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
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends this process and its children immediately
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
