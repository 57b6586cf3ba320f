package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/longshore-io/longshore/pkg/config"
)

const (
	// adminHeaderTimeout and adminTimeout bound a request to the admin listener. Its clients are
	// probes and scrapers on the same network.
	adminHeaderTimeout = 5 * time.Second
	adminTimeout       = 10 * time.Second
	// adminStopTimeout bounds the shutdown of the listener.
	adminStopTimeout = time.Second
)

// admin is the listener for operators: liveness, startup, readiness (Kubernetes' probes) and metrics
// (Prometheus' text format). It is separate from the port for users and safe for concurrent use.
type admin struct {
	http     *http.Server
	probes   []*probe
	started  atomic.Bool
	draining atomic.Bool
	waiting  atomic.Pointer[string]
}

// startAdmin listens at the configured address until stop. The service is neither started nor ready
// before setStarted.
func startAdmin(ctx context.Context, log *slog.Logger, cfg config.Admin, metrics prometheus.Gatherer) (*admin, error) {
	a := &admin{}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s (LONGSHORE_ADMIN_ADDR): %w", cfg.Addr, err)
	}
	a.http = &http.Server{
		Handler: a.routes(metrics, cfg.Profiling), ReadHeaderTimeout: adminHeaderTimeout, ReadTimeout: adminTimeout, WriteTimeout: adminTimeout,
	}
	go func() {
		if err := a.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the admin listener failed", slog.Any("error", err))
		}
	}()
	log.Info("health and metrics", slog.String("addr", listener.Addr().String()))
	return a, nil
}

// add adds the probe of a dependency. Call it before setStarted.
func (a *admin) add(p *probe) { a.probes = append(a.probes, p) }

// setWaiting sets the reason why the service has not started yet.
func (a *admin) setWaiting(reason string) { a.waiting.Store(&reason) }

// setStarted marks the service as started: it has its configuration, its schema and its listener.
func (a *admin) setStarted() { a.started.Store(true) }

// drain makes the service not ready, because it is about to stop.
func (a *admin) drain() { a.draining.Store(true) }

// stop closes the listener.
func (a *admin) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), adminStopTimeout)
	defer cancel()
	_ = a.http.Shutdown(ctx)
	_ = a.http.Close()
}

func (a *admin) routes(metrics prometheus.Gatherer, profiling bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", a.serveLive)
	mux.HandleFunc("GET /startupz", a.serveStartup)
	mux.HandleFunc("GET /readyz", a.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	if profiling {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}
