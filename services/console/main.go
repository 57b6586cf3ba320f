// Command console is the web UI for operators: asynq's UI of the queues under /queues and the queue
// entries of one operation under /operations, behind a login. Its pages load nothing from other
// hosts.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/pkg/metrics"
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
	guard, err := cfg.Guard()
	if err != nil {
		return err
	}
	deps, err := service.OpenQueue(ctx, env, service.Options{Redis: cfg.Redis, Admin: cfg.Admin})
	if err != nil {
		return err
	}
	defer deps.Close()

	logins := metrics.NewLogins()
	deps.Metrics.MustRegister(logins)
	ui := queues.New(deps.Redis)
	defer func() { _ = ui.Close() }()
	return server.New(server.Options{
		Addr:  cfg.Addr,
		HTTP:  service.HTTPOptions{Variable: "LONGSHORE_CONSOLE_ADDR", Ready: deps.SetReady, Drain: cfg.DrainDelay, Grace: cfg.Shutdown.Grace},
		Guard: guard, Gate: access.New(cfg.Users()), Logins: logins, UI: ui, Operation: operations.New(queue.NewInspector(deps.Redis), cfg.TraceURL, env.Log),
	}, env.Log).Run(ctx)
}
