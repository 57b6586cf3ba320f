// Package server is the console's HTTP server.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/services/console/internal/access"
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

// Server answers until its context ends.
type Server struct {
	http  *http.Server
	grace time.Duration
	log   *slog.Logger
}

// New builds the server.
func New(addr string, grace time.Duration, log *slog.Logger, gate *access.Gate, ui UI) *Server {
	return &Server{
		http: &http.Server{
			Addr: addr, Handler: engine(log, gate, ui), ReadHeaderTimeout: headerTimeout, WriteTimeout: answerTimeout, ReadTimeout: answerTimeout,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		grace: grace, log: log,
	}
}

// engine mounts the UI behind the gate. A browser that is logged in must not change a queue because another site told it to.
func engine(log *slog.Logger, gate *access.Gate, ui UI) http.Handler {
	e := gin.New()
	e.RedirectTrailingSlash = false
	_ = e.SetTrustedProxies(nil)
	e.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, queues.Root+"/") })
	e.GET(queues.Root, func(c *gin.Context) { c.Redirect(http.StatusFound, queues.Root+"/") })
	e.Any(queues.Root+"/*any", func(c *gin.Context) {
		role := gate.RoleOf(c.Request)
		if role == access.Nobody {
			refuse(c, gate)
			return
		}
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			log.Info("an operator changes a queue", slog.String("method", c.Request.Method), slog.String("path", c.Request.URL.Path), slog.String("user", user(c)))
		}
		ui.For(role).ServeHTTP(c.Writer, c.Request)
	})
	return harden(http.NewCrossOriginProtection().Handler(e))
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

// Run listens and serves until ctx ends, then lets the requests in hand finish within the grace period.
func (s *Server) Run(ctx context.Context) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", s.http.Addr)
	if err != nil {
		return fmt.Errorf("listening on %s (LONGSHORE_CONSOLE_ADDR): %w", s.http.Addr, err)
	}
	s.log.Info("listening", slog.String("addr", listener.Addr().String()), slog.String("path", queues.Root))
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
		defer cancel()
		stopped <- s.http.Shutdown(grace)
	})
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return <-stopped
}
