// Package server is the console's HTTP server.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/operations"
	"github.com/longshore-io/longshore/services/console/internal/queues"
)

const (
	// headerTimeout bounds the reading of a request's header.
	headerTimeout = 5 * time.Second
	// requestTimeout bounds the reading of a whole request and the writing of its response.
	requestTimeout = 60 * time.Second
)

func init() { gin.SetMode(gin.ReleaseMode) } //nolint:forbidigo,gochecknoinits // the mode is global and must be set before any goroutine runs

// Options configure the server.
type Options struct {
	// Addr is host:port.
	Addr string
	HTTP service.HTTPOptions
	Gate *access.Gate
	UI   *queues.UI
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

// newHandler routes requests to the pages. It rejects cross-origin requests, so that another site
// can't use the login of a browser to change a queue.
func newHandler(log *slog.Logger, o Options) http.Handler {
	e := gin.New()
	e.RedirectTrailingSlash = false
	_ = e.SetTrustedProxies(nil)
	toQueues := func(c *gin.Context) { c.Redirect(http.StatusFound, queues.Root+"/") }
	e.GET("/", toQueues)
	e.GET(queues.Root, toQueues)
	e.Any(queues.Root+"/*any", requireRole(o.Gate, func(c *gin.Context, role access.Role) {
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			log.InfoContext(c.Request.Context(), "queue changed by an operator",
				slog.String("method", c.Request.Method), slog.String("path", c.Request.URL.Path), slog.String("user", userName(c)))
		}
		o.UI.For(role).ServeHTTP(c.Writer, c.Request)
	}))
	e.GET(operations.Path, requireRole(o.Gate, func(c *gin.Context, _ access.Role) {
		c.Request.SetPathValue(operations.ID, c.Param(operations.ID))
		o.Operation.ServeHTTP(c.Writer, c.Request)
	}))
	return setSecurityHeaders(http.NewCrossOriginProtection().Handler(e))
}

// requireRole passes requests of users with a role to handle, and rejects all others.
func requireRole(gate *access.Gate, handle func(*gin.Context, access.Role)) gin.HandlerFunc {
	return func(c *gin.Context) {
		role := gate.RoleOf(c.Request)
		if role == access.None {
			reject(c, gate)
			return
		}
		handle(c, role)
	}
}

func reject(c *gin.Context, gate *access.Gate) {
	if gate.RequiresLogin() {
		c.Header("WWW-Authenticate", `Basic realm="Longshore console", charset="UTF-8"`)
		c.String(http.StatusUnauthorized, "Log in as a user of LONGSHORE_CONSOLE_VIEWERS or LONGSHORE_CONSOLE_OPERATORS.\n")
		return
	}
	c.String(http.StatusForbidden, "The console has no users, so it only accepts requests to localhost or a loopback address.\n")
}

func userName(c *gin.Context) string {
	name, _, _ := c.Request.BasicAuth()
	return name
}

// setSecurityHeaders sets the headers that every response carries.
func setSecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
