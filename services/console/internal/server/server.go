// Package server is the console's HTTP server.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/operations"
	"github.com/longshore-io/longshore/services/console/internal/queues"
	"github.com/longshore-io/longshore/services/console/internal/signin"
)

const (
	// headerTimeout bounds the reading of a request's header.
	headerTimeout = 5 * time.Second
	// requestTimeout bounds the reading of a whole request and the writing of its response.
	requestTimeout = 60 * time.Second
)

// Options configure the server.
type Options struct {
	// Addr is host:port.
	Addr string
	HTTP service.HTTPOptions
	Gate *access.Gate
	// SignIn lets people log in with a key or at an issuer; nil if the console does not know the api.
	SignIn *signin.Handler
	// Guard decides which requests are answered.
	Guard *web.Guard
	// Logins counts the wrong logins.
	Logins *metrics.Logins
	UI     *queues.UI
	// Operation is the page at operations.Path.
	Operation *operations.Page
}

// Server serves the console.
type Server struct {
	server  *http.Server
	options service.HTTPOptions
	log     *slog.Logger
}

// New returns a server.
func New(o Options, log *slog.Logger) *Server {
	return &Server{
		server: &http.Server{
			Addr: o.Addr, Handler: newHandler(log, o), ReadHeaderTimeout: headerTimeout, WriteTimeout: requestTimeout, ReadTimeout: requestTimeout,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		options: o.HTTP, log: log,
	}
}

// Run serves until ctx ends. Then it drains and lets running requests finish within the grace
// period.
func (s *Server) Run(ctx context.Context) error {
	return service.ServeHTTP(ctx, s.log, s.server, s.options)
}

// newHandler routes requests to the pages. The guard rejects cross-origin changes, so that
// another site can't use the login of a browser to change a queue.
func newHandler(log *slog.Logger, o Options) http.Handler {
	mux := http.NewServeMux()
	toQueues := http.RedirectHandler(queues.Root+"/", http.StatusFound)
	mux.Handle("GET /{$}", toQueues)
	mux.Handle("GET "+queues.Root, toQueues)
	g := guard{gate: o.Gate, signIn: o.SignIn, logins: o.Logins, log: log}
	if o.SignIn != nil {
		o.SignIn.Register(mux)
		mux.Handle(signin.APIPath+"/", o.SignIn.Forward())
	}
	mux.Handle(queues.Root+"/", g.requireRole(func(w http.ResponseWriter, r *http.Request, u user) {
		if u.role == access.Operator && r.Method != http.MethodGet && r.Method != http.MethodHead {
			log.InfoContext(r.Context(), "queue changed by an operator",
				slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("user", u.name))
		}
		o.UI.For(u.role).ServeHTTP(w, r)
	}))
	mux.Handle("GET "+operations.Path, g.requireRole(func(w http.ResponseWriter, r *http.Request, _ user) {
		o.Operation.ServeHTTP(w, r)
	}))
	return guardRequests(o.Guard, mux)
}

// guardRequests passes the requests that the guard admits to next, and sets the headers that every
// response carries.
func guardRequests(guard *web.Guard, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = guard.Resolve(r)
		web.SetSecurityHeaders(w, r)
		w.Header().Set("Cache-Control", "no-store")
		answered, err := guard.Check(w, r)
		switch {
		case err != nil:
			status := http.StatusForbidden
			if fault.Is(err, fault.Misdirected) {
				status = http.StatusMisdirectedRequest
			}
			http.Error(w, fault.Of(err).Message, status)
		case !answered:
			next.ServeHTTP(w, r)
		}
	})
}
