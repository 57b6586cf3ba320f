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
	"github.com/longshore-io/longshore/services/api/internal/keys"
)

// keysCommand is the command keys, with which operators make, list and revoke API keys.
func keysCommand() service.Command[apiconfig.Config] {
	return service.Command[apiconfig.Config]{
		Name: "keys", Usage: keys.Usage, Run: runKeys, IsUsage: func(err error) bool { return errors.Is(err, keys.ErrUsage) },
	}
}

func runKeys(ctx context.Context, cfg apiconfig.Config, args []string, out io.Writer) error {
	db, err := store.Open(ctx, cfg.Postgres.URL, store.Options{
		Application: "longshore-keys", MaxConns: 1, Pooler: cfg.Postgres.Pooler == config.PoolerTransaction, DirectURL: cfg.Postgres.DirectURL,
		Schema: migrations.Latest(), Role: grants.API,
	})
	if err != nil {
		return err
	}
	defer db.Close()
	return keys.Run(ctx, db, args, out)
}
