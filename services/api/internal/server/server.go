// Package server is the api's HTTP server: one engine, one table of routes, timeouts, and the way from an error to
// an answer.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
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
	// Ready is called when the server listens.
	Ready func()
	// Drain is how long the server goes on listening after it was asked to stop: whoever sends requests needs a while to hear that it is not
	// ready any more.
	Drain time.Duration
	// Grace is how long requests in hand may take after the server was asked to stop.
	Grace time.Duration
	// Collections are listed at GET /.
	Collections []string
}

// Server answers requests until its context ends.
type Server struct {
	http         *http.Server
	ready        func()
	drain, grace time.Duration
	log          *slog.Logger
}

// New builds the server around the table of routes, which is made of each package's own.
func New(opts Options, log *slog.Logger, tables ...[]edge.Route) *Server {
	return &Server{
		http: &http.Server{
			Addr:              opts.Addr,
			Handler:           newEngine(log, index(slices.Concat(tables...), opts.Collections)),
			ReadHeaderTimeout: headerTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken connections of clients
		},
		ready: opts.Ready,
		drain: opts.Drain,
		grace: opts.Grace,
		log:   log,
	}
}

func newEngine(log *slog.Logger, routes []edge.Route) *gin.Engine {
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // a redirected POST loses its body
	engine.ContextWithFallback = true
	_ = engine.SetTrustedProxies(nil)
	engine.Use(identify)
	for _, r := range edge.WithHead(routes) {
		engine.Handle(r.Method, r.Path, answer(log, r.Handler))
	}
	engine.NoRoute(answer(log, func(*gin.Context) error {
		return fault.New(fault.NotFound, "no-such-address", "There is nothing at this address. GET / lists what is there.")
	}))
	engine.NoMethod(answer(log, func(c *gin.Context) error {
		return fault.New(fault.MethodNotAllowed, "method-not-allowed",
			"This address takes %s, not %s.", c.Writer.Header().Get("Allow"), c.Request.Method)
	}))
	return engine
}

// Run listens and serves until ctx ends; then it takes no more connections and lets the requests in hand finish within the
// grace period.
func (s *Server) Run(ctx context.Context) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", s.http.Addr)
	if err != nil {
		return fmt.Errorf("listening on %s (LONGSHORE_ADDR): %w", s.http.Addr, err)
	}
	s.log.Info("listening", slog.String("addr", listener.Addr().String()))
	s.ready()
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		<-time.After(s.drain)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		stopped <- s.http.Shutdown(grace)
	})
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	if err := <-stopped; err != nil {
		_ = s.http.Close()
		return fmt.Errorf("requests were still running after %s: %w", s.grace, err)
	}
	return nil
}
