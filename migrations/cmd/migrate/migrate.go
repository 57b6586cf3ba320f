package main

import (
	"context"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/apply"
	"github.com/longshore-io/longshore/migrations/grants"
)

// migrate applies the migrations, grants the rights, and reports both.
func migrate(ctx context.Context, environ []string, out io.Writer) error {
	databaseURL, err := database(environ)
	if err != nil {
		return err
	}
	names := roles(environ)
	applied, err := apply.Migrator{DatabaseURL: databaseURL, Roles: names, OnRetry: func(r apply.Retry) {
		_, _ = fmt.Fprintf(out, "waiting for a lock of %s: attempt %d follows in %s\n", r.Blockers, r.Attempts+1, r.Delay)
	}}.Up(ctx)
	for _, m := range applied {
		if _, err := fmt.Fprintf(out, "applied %s\n", m.File); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	for _, role := range grants.Roles() {
		if names[role] != "" {
			_, _ = fmt.Fprintf(out, "granted the rights of the %s to %s\n", role, names[role])
		}
	}
	_, err = fmt.Fprintf(out, "schema is at version %d\n", migrations.Latest())
	return err
}
