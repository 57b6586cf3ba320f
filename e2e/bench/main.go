// Command bench measures Longshore from outside and checks its promises: the speed of an import in
// relation to bare COPY, its memory, the latency of a small import, and the cost of idle services.
// It creates its own database on the server at DATABASE_URL, uses an empty Redis database at
// REDIS_URL, and deletes both afterwards. make bench starts both servers and runs it. It needs
// Linux, because it reads the memory of processes from /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// errBroken is returned when the report contains a broken promise.
var errBroken = errors.New("a promise was broken: see the report")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills the process
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "bench: stopped")
	default:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string, environment func(string) string, out, errOut io.Writer) error {
	opts, err := parse(args, environment, errOut)
	if err != nil {
		return err
	}
	result, err := measure(ctx, opts, errOut)
	if err != nil {
		return err
	}
	write := result.Text
	if opts.json {
		write = result.JSON
	}
	if err := write(out); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if !result.Kept() {
		return errBroken
	}
	return nil
}
