package main

import (
	"context"
	"errors"
	"io"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	apiconfig "github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/folder"
	"github.com/longshore-io/longshore/services/api/internal/keys"
	"github.com/longshore-io/longshore/services/api/internal/limits"
)

// keysCommand is the command keys, with which operators make, list and revoke API keys.
func keysCommand() service.Command[apiconfig.Config] {
	return service.Command[apiconfig.Config]{
		Name: "keys", Usage: keys.Usage, Run: withStore(keys.Run), IsUsage: func(err error) bool { return errors.Is(err, keys.ErrUsage) },
	}
}

// limitsCommand is the command limits, with which operators set the limits of tenants.
func limitsCommand() service.Command[apiconfig.Config] {
	return service.Command[apiconfig.Config]{
		Name: "limits", Usage: limits.Usage, IsUsage: func(err error) bool { return errors.Is(err, limits.ErrUsage) },
		Run: withStore(func(ctx context.Context, db *store.Store, args []string, out io.Writer) error {
			return limits.Run(ctx, db, args, out)
		}),
	}
}

// collectionsCommand is the command collections, which stores the collections of a folder.
func collectionsCommand() service.Command[apiconfig.Config] {
	return service.Command[apiconfig.Config]{
		Name: "collections", Usage: folder.Usage, IsUsage: func(err error) bool { return errors.Is(err, folder.ErrUsage) },
		Run: withStore(func(ctx context.Context, db *store.Store, args []string, out io.Writer) error {
			return folder.Run(ctx, db, args, out)
		}),
	}
}

// withStore returns the function of a command that needs the database.
func withStore(run func(context.Context, *store.Store, []string, io.Writer) error) func(context.Context, apiconfig.Config, []string, io.Writer) error {
	return func(ctx context.Context, cfg apiconfig.Config, args []string, out io.Writer) error {
		db, err := store.Open(ctx, cfg.Postgres.URL, store.Options{
			Application: "longshore-api-command", MaxConns: 1, Pooler: cfg.Postgres.Pooler == config.PoolerTransaction, DirectURL: cfg.Postgres.DirectURL,
			Schema: migrations.Latest(), Role: grants.API,
		})
		if err != nil {
			return err
		}
		defer db.Close()
		return run(ctx, db, args, out)
	}
}
