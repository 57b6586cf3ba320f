package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// HTTPOptions configures the start and the shutdown of an HTTP server.
type HTTPOptions struct {
	// Variable is the environment variable of the server's address, for error messages.
	Variable string
	// Listener, unless it is nil, returns the listener that is used in place of the given one.
	Listener func(net.Listener) net.Listener
	// TLS, unless it is nil, is the certificate with which the server serves HTTPS.
	TLS *KeyPair
	// Prepare, unless it is nil, returns the handler that replaces the server's own one, for example
	// once the database answers. The server listens meanwhile. If Prepare fails, the server stops.
	Prepare func(context.Context) (http.Handler, error)
	// Ready is called when the server listens and is prepared.
	Ready func()
	// Drain is how long the server continues to accept requests after ctx ends. Load balancers need
	// some time to see that it is not ready any more. Every answer meanwhile closes its connection.
	Drain time.Duration
	// Grace is how long running requests may take after that.
	Grace time.Duration
}

// ServeHTTP listens at the server's address and serves until ctx ends. Then it drains, stops
// accepting connections and waits for running requests, so that none of them fails. It returns an
// error if it cannot listen, if the preparation failed, or if requests were still running at the end
// of the grace period.
func ServeHTTP(ctx context.Context, log *slog.Logger, server *http.Server, o HTTPOptions) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", server.Addr)
	if err != nil {
		return fmt.Errorf("listening on %s (%s): %w", server.Addr, o.Variable, err)
	}
	log = log.With(slog.String("addr", listener.Addr().String()))
	if o.Listener != nil {
		listener = o.Listener(listener)
	}
	if o.TLS != nil {
		listener = tls.NewListener(listener, o.TLS.Config())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var draining atomic.Bool
	handler := newHandover(server.Handler)
	server.Handler = closeWhileDraining(&draining, handler)
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		draining.Store(true)
		<-time.After(o.Drain)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	prepared := make(chan error, 1)
	go func() {
		err := o.prepare(ctx, log, handler)
		if err != nil {
			_ = server.Close() // nothing but refusals is running
		}
		prepared <- err
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		cancel()
		return errors.Join(fmt.Errorf("serving: %w", err), <-prepared)
	}
	if err := <-prepared; err != nil {
		return err
	}
	if err := <-stopped; err != nil {
		_ = server.Close()
		return fmt.Errorf("requests were still running after %s: %w", o.Grace, err)
	}
	return nil
}

// prepare replaces the handler once it is prepared.
func (o HTTPOptions) prepare(ctx context.Context, log *slog.Logger, handler *handover) error {
	if o.Prepare != nil {
		log.InfoContext(ctx, "starting")
		prepared, err := o.Prepare(ctx)
		if err != nil {
			return err
		}
		handler.current.Store(&prepared)
	}
	log.InfoContext(ctx, "listening")
	o.Ready()
	return nil
}

// handover is a handler that can be replaced while it serves.
type handover struct{ current atomic.Pointer[http.Handler] }

func newHandover(first http.Handler) *handover {
	h := &handover{}
	h.current.Store(&first)
	return h
}

// ServeHTTP implements http.Handler.
func (h *handover) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*h.current.Load()).ServeHTTP(w, r)
}

// closeWhileDraining closes each connection with an answer while the server drains. A connection
// that is closed between two requests may lose a request that is on its way (RFC 9112, section 9.6);
// a client that received Connection: close does not use it again.
func closeWhileDraining(draining *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
