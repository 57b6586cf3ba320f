// Command migrate brings the database at DATABASE_URL to the newest schema and exits.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/apply"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv("DATABASE_URL"), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, databaseURL string, out io.Writer) error {
	if databaseURL == "" {
		return errors.New("DATABASE_URL is not set: give the address of the database, such as postgres://user@host/longshore")
	}
	applied, err := apply.Up(ctx, databaseURL)
	if err != nil {
		return err
	}
	for _, m := range applied {
		if _, err := fmt.Fprintf(out, "applied %s\n", m.File); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "schema is at version %d\n", migrations.Latest())
	return err
}
