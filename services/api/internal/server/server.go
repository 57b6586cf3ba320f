// Package server is the api's HTTP server: the routing engine, its timeouts and its middleware.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

const (
	// headerTimeout bounds reading the request line and the headers.
	headerTimeout = 5 * time.Second
	// idleTimeout bounds an idle connection. It is longer than the longest Retry-After, so that
	// polling clients can reuse their connection.
	idleTimeout = 60 * time.Second
	// maxHeaderBytes bounds the size of the headers.
	maxHeaderBytes = 32 << 10
)

// gin prints to standard output in its default debug mode. The mode is global and must be set
// before the first engine is created.
func init() { gin.SetMode(gin.ReleaseMode) } //nolint:forbidigo,gochecknoinits // set once, before any goroutine starts

// Options configures a server.
type Options struct {
	// Addr is host:port.
	Addr string
	// Lifecycle configures how the server starts and stops.
	Lifecycle service.HTTPOptions
	// Requests counts and measures the requests.
	Requests *metrics.Requests
	// Gate admits what requests occupy.
	Gate *admission.Gate
	// Console is the base address of the console, without a trailing slash. Responses about an
	// operation link to its page there. Empty means no link.
	Console string
	// Addresses builds the absolute addresses of operations.
	Addresses edge.Addresses
	// Tracer records each request; nil if tracing is off.
	Tracer *tracing.Tracer
	// Guard decides which requests are answered.
	Guard *web.Guard
}

// Server serves HTTP requests until its context ends.
type Server struct {
	http      *http.Server
	lifecycle service.HTTPOptions
	log       *slog.Logger
}

// Opened is what a server serves once the dependencies of the service are open.
type Opened struct {
	// Routes are the routes, grouped by package.
	Routes [][]edge.Route
	// Collections are listed at GET /.
	Collections *collection.Catalog
	// Protect returns a route that authenticates its requests.
	Protect func(edge.Route) edge.Route
}

// routes returns all routes, protected, with the index of collections. Each route must have an action.
func (o Opened) routes() ([]edge.Route, error) {
	all := withIndex(slices.Concat(o.Routes...), o.Collections)
	for i, r := range all {
		if r.Action != access.Public && r.Action != access.Authenticated && !r.Action.Known() {
			return nil, fmt.Errorf("the route %s %s has no action", r.Method, r.Path)
		}
		all[i] = o.Protect(edge.Checked(r))
	}
	return all, nil
}

// New returns a server. It answers every request with 503 until open has returned the routes, or stops
// if open fails.
func New(opts Options, log *slog.Logger, open func(context.Context) (Opened, error)) *Server {
	m := middleware{log, opts.Requests, opts.Gate, opts.Console, opts.Addresses, opts.Tracer, opts.Guard}
	opts.Lifecycle.Listener = opts.Gate.Connections.Listener
	opts.Lifecycle.Prepare = func(ctx context.Context) (http.Handler, error) {
		opened, err := open(ctx)
		if err != nil {
			return nil, err
		}
		routes, err := opened.routes()
		if err != nil {
			return nil, err
		}
		return newEngine(m, routes), nil
	}
	return &Server{
		http: &http.Server{
			Addr:              opts.Addr,
			Handler:           newStartingEngine(m),
			ReadHeaderTimeout: headerTimeout,
			IdleTimeout:       idleTimeout,
			ConnContext:       opts.Gate.Connections.OnConnection,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken client connections
		},
		lifecycle: opts.Lifecycle,
		log:       log,
	}
}

// newStartingEngine returns the handler of a server that has no routes yet.
func newStartingEngine(m middleware) *gin.Engine {
	engine := newPlainEngine(m)
	engine.NoRoute(m.wrap(metrics.NoRoute, func(*gin.Context) error {
		return fault.New(fault.Unavailable, "starting",
			"The service is starting: it waits for its database. Try again in a few seconds.")
	}))
	return engine
}

func newPlainEngine(m middleware) *gin.Engine {
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // a redirected POST loses its body
	engine.ContextWithFallback = true
	_ = engine.SetTrustedProxies(nil)
	if m.tracer != nil {
		engine.Use(traceRequests(m.tracer), m.identify, describeTrace)
	} else {
		engine.Use(m.identify)
	}
	return engine
}

func newEngine(m middleware, routes []edge.Route) *gin.Engine {
	engine := newPlainEngine(m)
	for _, r := range edge.WithHead(routes) {
		engine.Handle(r.Method, r.Path, m.wrap(unescape(r.Path), r.Handler))
	}
	patterns := patternsOf(routes)
	engine.NoRoute(m.wrap(metrics.NoRoute, func(c *gin.Context) error { return noSuchAddress(patterns, c.Request) }))
	engine.NoMethod(m.wrap(metrics.NoRoute, func(c *gin.Context) error {
		c.Header("Allow", c.Writer.Header().Get("Allow")+", "+http.MethodOptions)
		if c.Request.Method == http.MethodOptions {
			edge.NoContent(c)
			return nil
		}
		return fault.New(fault.MethodNotAllowed, "method-not-allowed",
			"This address takes %s, not %s.", c.Writer.Header().Get("Allow"), c.Request.Method)
	}))
	return engine
}

// Run listens and serves until ctx ends. Then it drains: it accepts no new connections and waits
// for running requests, at most for the grace period.
func (s *Server) Run(ctx context.Context) error {
	return service.ServeHTTP(ctx, s.log, s.http, s.lifecycle)
}
