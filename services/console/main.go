// Command console shows operators the queues: asynq's web UI under /queues, behind a login, without a request to any other host.
package main

import (
	"context"
	"os"

	shared "github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/config"
	"github.com/longshore-io/longshore/services/console/internal/queues"
	"github.com/longshore-io/longshore/services/console/internal/server"
)

func main() { os.Exit(service.Main("console", run)) }

func run(ctx context.Context, env service.Env) error {
	cfg, err := shared.Load[config.Config](env.Environ)
	if err != nil {
		return err
	}
	redis, err := queue.Open(cfg.Redis.URL, env.Log)
	if err != nil {
		return err
	}
	defer func() { _ = redis.Close() }()
	ui := queues.New(redis)
	defer func() { _ = ui.Close() }()
	return server.New(cfg.Addr, cfg.Shutdown.Grace, env.Log, access.New(cfg.Users()), ui).Run(ctx)
}
