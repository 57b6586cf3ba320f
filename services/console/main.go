// Command console is the web UI for operators: asynq's UI of the queues under /queues and the queue
// entries of one operation under /operations, behind a login. Its pages load nothing from other
// hosts.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/config"
	"github.com/longshore-io/longshore/services/console/internal/operations"
	"github.com/longshore-io/longshore/services/console/internal/queues"
	"github.com/longshore-io/longshore/services/console/internal/server"
	"github.com/longshore-io/longshore/services/console/internal/signin"
)

func main() { os.Exit(service.Main("console", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	guard, err := cfg.Guard()
	if err != nil {
		return err
	}
	certificate, err := service.OpenTLS(cfg.TLS, env.Log)
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
	throttle := access.NewThrottle()
	ui := queues.New(deps.Redis)
	defer func() { _ = ui.Close() }()
	return server.New(server.Options{
		Addr:  cfg.Addr,
		HTTP:  service.HTTPOptions{Variable: "LONGSHORE_CONSOLE_ADDR", Ready: deps.SetReady, Drain: cfg.DrainDelay, Grace: cfg.Shutdown.Grace, TLS: certificate},
		Guard: guard, SignIn: newSignIn(cfg, throttle, logins, env.Log), Gate: access.New(cfg.Users(), throttle), Logins: logins, UI: ui, Operation: operations.New(queue.NewInspector(deps.Redis), cfg.TraceURL, env.Log),
	}, env.Log).Run(ctx)
}

// newSignIn returns the logins with a key and at the issuer; nil if the console does not know the api.
func newSignIn(cfg config.Config, throttle *access.Throttle, logins *metrics.Logins, log *slog.Logger) *signin.Handler {
	o, ok := cfg.SignIn()
	if !ok {
		return nil
	}
	o.Throttle, o.Logins, o.Log = throttle, logins, log
	return signin.New(o)
}
