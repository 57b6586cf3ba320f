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

// headerTimeout bounds the head of a request, answerTimeout a whole answer: pages are small.
const (
	headerTimeout = 5 * time.Second
	answerTimeout = 60 * time.Second
)

func init() { gin.SetMode(gin.ReleaseMode) } //nolint:forbidigo,gochecknoinits // the one place, and no goroutine runs yet

// UI is asynq's web UI as a role may use it.
type UI interface {
	For(role access.Role) http.Handler
}

// Options says what the console consists of.
type Options struct {
	// Addr is host:port, and Life says how the server begins and ends.
	Addr string
	Life service.HTTPOptions
	Gate *access.Gate
	UI   UI
	// Operation answers for the page of one operation, at operations.Path.
	Operation http.Handler
}

// Server answers until its context ends.
type Server struct {
	http *http.Server
	life service.HTTPOptions
	log  *slog.Logger
}

// New builds the server.
func New(o Options, log *slog.Logger) *Server {
	return &Server{
		http: &http.Server{
			Addr: o.Addr, Handler: engine(log, o), ReadHeaderTimeout: headerTimeout, WriteTimeout: answerTimeout, ReadTimeout: answerTimeout,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		life: o.Life, log: log,
	}
}

// engine mounts the pages behind the gate. A browser that is logged in must not change a queue because another site told it to.
func engine(log *slog.Logger, o Options) http.Handler {
	e := gin.New()
	e.RedirectTrailingSlash = false
	_ = e.SetTrustedProxies(nil)
	e.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, queues.Root+"/") })
	e.GET(queues.Root, func(c *gin.Context) { c.Redirect(http.StatusFound, queues.Root+"/") })
	e.Any(queues.Root+"/*any", behind(o.Gate, func(c *gin.Context, role access.Role) {
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			log.InfoContext(c.Request.Context(), "an operator changes a queue",
				slog.String("method", c.Request.Method), slog.String("path", c.Request.URL.Path), slog.String("user", user(c)))
		}
		o.UI.For(role).ServeHTTP(c.Writer, c.Request)
	}))
	e.GET(operations.Path, behind(o.Gate, func(c *gin.Context, _ access.Role) {
		c.Request.SetPathValue(operations.ID, c.Param(operations.ID))
		o.Operation.ServeHTTP(c.Writer, c.Request)
	}))
	return harden(http.NewCrossOriginProtection().Handler(e))
}

// behind lets those in who may look, and says what they may do.
func behind(gate *access.Gate, show func(*gin.Context, access.Role)) gin.HandlerFunc {
	return func(c *gin.Context) {
		role := gate.RoleOf(c.Request)
		if role == access.Nobody {
			refuse(c, gate)
			return
		}
		show(c, role)
	}
}

func user(c *gin.Context) string {
	name, _, _ := c.Request.BasicAuth()
	return name
}

func refuse(c *gin.Context, gate *access.Gate) {
	if gate.AsksLogin() {
		c.Header("WWW-Authenticate", `Basic realm="Longshore console", charset="UTF-8"`)
		c.String(http.StatusUnauthorized, "Log in with a user of LONGSHORE_CONSOLE_VIEWERS or LONGSHORE_CONSOLE_OPERATORS.\n")
		return
	}
	c.String(http.StatusForbidden, "Without a login the console answers to this machine's own names only.\n")
}

// harden sets what every answer carries.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Run listens and serves until ctx ends; then it drains, and lets the requests in hand finish within the grace period.
func (s *Server) Run(ctx context.Context) error { return service.ServeHTTP(ctx, s.log, s.http, s.life) }
