// Command migrate brings the database at DATABASE_URL to the newest schema and exits. With the argument config it only prints what it would do
// that with, as every service does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/apply"
)

// errUsage is for arguments that mean nothing.
var errUsage = errors.New("usage: migrate, or migrate config to print the configuration as JSON")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(exitCode(err))
	}
}

// exitCode is 2 for what no try can change, as that of the services.
func exitCode(err error) int {
	if errors.Is(err, errUsage) || errors.Is(err, errNoDatabase) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args, environ []string, out io.Writer) error {
	databaseURL, err := database(environ)
	switch {
	case len(args) > 0 && !slices.Equal(args, []string{"config"}):
		return errUsage
	case err != nil:
		return err
	case len(args) > 0:
		return show(environ, databaseURL, out)
	}
	applied, err := apply.Migrator{DatabaseURL: databaseURL, Waiting: func(w apply.Wait) {
		_, _ = fmt.Fprintf(out, "waiting for a lock of %s: try %d follows in %s\n", w.By, w.Tries+1, w.Pause)
	}}.Up(ctx)
	for _, m := range applied {
		if _, err := fmt.Fprintf(out, "applied %s\n", m.File); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "schema is at version %d\n", migrations.Latest())
	return err
}
