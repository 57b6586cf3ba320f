// Package admin is what every service shows to its operators and to nobody else, on a listener of its own: whether it lives, whether it
// has started, whether it is ready, and its metrics (reference: Kubernetes' probes, Prometheus' text format).
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// headerTimeout and answerTimeout bound a request: probes are asked by machines on the same network.
	headerTimeout = 5 * time.Second
	answerTimeout = 10 * time.Second
	// stopTimeout bounds the end of the listener.
	stopTimeout = time.Second
)

// Options says what a service shows.
type Options struct {
	// Addr is host:port.
	Addr string
	// Metrics is what /metrics shows.
	Metrics prometheus.Gatherer
}

// Admin is a running listener. It is safe for concurrent use.
type Admin struct {
	http     *http.Server
	probes   []*probe
	started  atomic.Bool
	draining atomic.Bool
	waiting  atomic.Pointer[string]
}

// Start listens and answers until Stop. The service is not started and not ready before it says so.
func Start(ctx context.Context, log *slog.Logger, o Options) (*Admin, error) {
	a := &Admin{}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s (LONGSHORE_ADMIN_ADDR): %w", o.Addr, err)
	}
	a.http = &http.Server{Handler: a.routes(o.Metrics), ReadHeaderTimeout: headerTimeout, ReadTimeout: answerTimeout, WriteTimeout: answerTimeout}
	go func() {
		if err := a.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the admin listener ended", slog.Any("error", err))
		}
	}()
	log.Info("health and metrics", slog.String("addr", listener.Addr().String()))
	return a, nil
}

// Need names a part that must answer for the service to be ready. It must be called before Started.
func (a *Admin) Need(name string, check Check) {
	a.probes = append(a.probes, &probe{name: name, check: check, needed: true})
}

// Use names a part that may be away: the service is degraded then. It must be called before Started.
func (a *Admin) Use(name string, check Check) {
	a.probes = append(a.probes, &probe{name: name, check: check})
}

// Waiting tells what a service waits for before it can start.
func (a *Admin) Waiting(reason string) { a.waiting.Store(&reason) }

// Started says that the service has all it needs to begin: its configuration, its schema, its listener.
func (a *Admin) Started() { a.started.Store(true) }

// Drain says that the service is about to stop: no new work is to be sent to it.
func (a *Admin) Drain() { a.draining.Store(true) }

// Stop ends the listener, last of all.
func (a *Admin) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	_ = a.http.Shutdown(ctx)
	_ = a.http.Close()
}

func (a *Admin) routes(metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", a.live)
	mux.HandleFunc("GET /startupz", a.startup)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return mux
}
