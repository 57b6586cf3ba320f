// Package server is the api's HTTP server: one engine, one table of routes, timeouts, and the way from an error to
// an answer.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

const (
	// headerTimeout bounds the request line and the headers: a client that trickles them is cut off.
	headerTimeout = 5 * time.Second
	// idleTimeout bounds a kept connection; it is longer than the longest Retry-After, so that polls reuse theirs.
	idleTimeout = 60 * time.Second
	// maxHeaderBytes bounds the headers.
	maxHeaderBytes = 32 << 10
)

// gin reads its mode from the environment and talks on standard output unless it is told otherwise, before any engine is made.
func init() { gin.SetMode(gin.ReleaseMode) } //nolint:forbidigo,gochecknoinits // the one place, and no goroutine runs yet

// Options configures a server.
type Options struct {
	// Addr is host:port.
	Addr string
	// Lifecycle configures the start and the shutdown.
	Lifecycle service.HTTPOptions
	// Collections are listed at GET /.
	Collections []string
	// Requests measures what is answered.
	Requests *metrics.Requests
	// Console is where operators see what becomes of an operation, without a slash at its end; answers about one link there. Empty if nowhere.
	Console string
}

// Server answers requests until its context ends.
type Server struct {
	http *http.Server
	life service.HTTPOptions
	log  *slog.Logger
}

// New builds the server around the table of routes, which is made of each package's own.
func New(opts Options, log *slog.Logger, tables ...[]edge.Route) *Server {
	return &Server{
		http: &http.Server{
			Addr:              opts.Addr,
			Handler:           newEngine(front{log, opts.Requests, opts.Console}, index(slices.Concat(tables...), opts.Collections)),
			ReadHeaderTimeout: headerTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken connections of clients
		},
		life: opts.Lifecycle,
		log:  log,
	}
}

func newEngine(f front, routes []edge.Route) *gin.Engine {
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // a redirected POST loses its body
	engine.ContextWithFallback = true
	_ = engine.SetTrustedProxies(nil)
	engine.Use(f.identify)
	for _, r := range edge.WithHead(routes) {
		engine.Handle(r.Method, r.Path, f.answer(shown(r.Path), r.Handler))
	}
	engine.NoRoute(f.answer(metrics.NoRoute, func(*gin.Context) error {
		return fault.New(fault.NotFound, "no-such-address", "There is nothing at this address. GET / lists what is there.")
	}))
	engine.NoMethod(f.answer(metrics.NoRoute, func(c *gin.Context) error {
		return fault.New(fault.MethodNotAllowed, "method-not-allowed",
			"This address takes %s, not %s.", c.Writer.Header().Get("Allow"), c.Request.Method)
	}))
	return engine
}

// Run listens and serves until ctx ends; then it drains, takes no more connections and lets the requests in hand finish within the grace
// period.
func (s *Server) Run(ctx context.Context) error { return service.ServeHTTP(ctx, s.log, s.http, s.life) }
