// Command console shows operators the queues: asynq's web UI under /queues, and what is queued of one operation under /operations, behind a
// login, without a request to any other host.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/pkg/backing"
	"github.com/longshore-io/longshore/pkg/httpserver"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/config"
	"github.com/longshore-io/longshore/services/console/internal/operations"
	"github.com/longshore-io/longshore/services/console/internal/queues"
	"github.com/longshore-io/longshore/services/console/internal/server"
)

func main() { os.Exit(service.Main("console", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	base, err := backing.OpenQueue(ctx, env.Log, backing.Options{Service: env.Name, Redis: cfg.Redis, Admin: cfg.Admin})
	if err != nil {
		return err
	}
	defer base.Close()

	ui := queues.New(base.Redis)
	defer func() { _ = ui.Close() }()
	return server.New(server.Options{
		Addr: cfg.Addr,
		Life: httpserver.Options{Variable: "LONGSHORE_CONSOLE_ADDR", Ready: base.Ready, Drain: cfg.DrainDelay, Grace: cfg.Shutdown.Grace},
		Gate: access.New(cfg.Users()), UI: ui, Operation: operations.New(queue.NewInspector(base.Redis), env.Log),
	}, env.Log).Run(ctx)
}
