// Command api is Longshore's public HTTP API. It accepts imports, searches and reports, stores them in
// Postgres and reports their status. It keeps no state of its own; any number of processes can run
// side by side.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/server"
)

func main() { os.Exit(service.Main("api", run, keysCommand(), limitsCommand(), collectionsCommand())) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	limits, err := cfg.Limits()
	if err != nil {
		return err
	}
	occupied := metrics.NewAdmission()
	gate := admission.New(limits, occupied)
	guard, err := cfg.Guard()
	if err != nil {
		return err
	}
	gate.Connections.Shared = guard.TrustedProxy
	certificate, err := service.OpenTLS(cfg.TLS, env.Log)
	if err != nil {
		return err
	}
	if certificate != nil {
		gate.Connections.TLS = certificate.Config()
	}
	o := &opener{env: env, cfg: cfg, limits: limits, requests: metrics.NewRequests(), occupied: occupied}
	defer o.close()
	lifecycle := service.HTTPOptions{Variable: "LONGSHORE_ADDR", Ready: o.setReady, Drain: cfg.DrainDelay, Grace: cfg.Shutdown.Grace, TLS: certificate}
	return server.New(server.Options{
		Addr: cfg.Addr, Lifecycle: lifecycle, Requests: o.requests, Gate: gate, Console: cfg.Console(),
		Addresses: edge.NewAddresses(cfg.PublicURL), Tracer: env.Tracer, Guard: guard,
	}, env.Log, o.open).Run(ctx)
}
