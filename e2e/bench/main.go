// Command bench measures Longshore from outside and holds it to its promises: how fast an import is in proportion to bare
// COPY, how much memory it takes, how soon a small import is complete, and what the idle stack costs. It works in a
// database of its own on the server at DATABASE_URL, with an empty Redis database at REDIS_URL, and takes all of it away
// again. make bench starts both servers and runs it. It needs Linux, whose /proc tells the memory of processes.
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

// errBroken ends a benchmark whose report shows a broken promise.
var errBroken = errors.New("a promise was broken: see the report")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // gives the second signal its default effect
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
	show := result.Text
	if opts.json {
		show = result.JSON
	}
	if err := show(out); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if !result.Kept() {
		return errBroken
	}
	return nil
}
