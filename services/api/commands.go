package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/folder"
	"github.com/longshore-io/longshore/services/api/internal/keys"
	"github.com/longshore-io/longshore/services/api/internal/limits"
)

// keysCommand is the command keys, with which operators make, list and revoke API keys.
func keysCommand() service.Command {
	return service.Command{
		Name: "keys", Usage: keys.Usage, Run: withStore(keys.Run), IsUsage: func(err error) bool { return errors.Is(err, keys.ErrUsage) },
	}
}

// limitsCommand is the command limits, with which operators set the limits of tenants.
func limitsCommand() service.Command {
	return service.Command{
		Name: "limits", Usage: limits.Usage, IsUsage: func(err error) bool { return errors.Is(err, limits.ErrUsage) },
		Run: withStore(func(ctx context.Context, db *store.Store, args []string, out io.Writer) error {
			return limits.Run(ctx, db, args, out)
		}),
	}
}

// collectionsCommand is the command collections, which stores the collections of a folder.
func collectionsCommand() service.Command {
	return service.Command{
		Name: "collections", Usage: folder.Usage, IsUsage: func(err error) bool { return errors.Is(err, folder.ErrUsage) },
		Run: withStore(func(ctx context.Context, db *store.Store, args []string, out io.Writer) error {
			return folder.Run(ctx, db, args, out)
		}),
	}
}

// withStore returns the function of a command that needs the database, and of the configuration only
// that of Postgres. Like a service, it waits for the database and its migration (LONGSHORE_DB_WAIT).
func withStore(
	run func(context.Context, *store.Store, []string, io.Writer) error,
) func(context.Context, map[string]string, []string, io.Writer) error {
	return func(ctx context.Context, environ map[string]string, args []string, out io.Writer) error {
		cfg, err := config.Load[config.Postgres](environ)
		if err != nil {
			return err
		}
		options := store.Options{Application: "longshore-api-command", MaxConns: 1, Schema: migrations.Latest(), Role: grants.API}
		db, err := service.OpenStore(ctx, cfg, options, printChanges(os.Stderr))
		if err != nil {
			return err
		}
		defer db.Close()
		return run(ctx, db, args, out)
	}
}

// printChanges returns a function that prints why a command waits, and again when the reason changes.
func printChanges(out io.Writer) func(error) {
	var last string
	return func(err error) {
		if reason := err.Error(); reason != last {
			last = reason
			_, _ = fmt.Fprintf(out, "waiting for the database: %s\n", reason)
		}
	}
}
