// Package httpserver runs an HTTP server so that no request fails when it is stopped: it goes on listening until whoever sends requests has
// heard that it is not ready any more, and lets the requests in hand finish.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Options says how a server begins and ends.
type Options struct {
	// Variable is the name of the setting that holds the server's address, for people who have to change it.
	Variable string
	// Ready is called when the server listens.
	Ready func()
	// Drain is how long the server goes on listening after it was asked to stop: whoever sends requests needs a while to hear that it is not
	// ready any more. Meanwhile every answer asks its client to use another connection for the next request.
	Drain time.Duration
	// Grace is how long requests in hand may take after that.
	Grace time.Duration
}

// Run listens at the server's address and serves until ctx ends; then it drains, takes no more connections and lets the requests in hand
// finish within the grace period. Its error is for an address that can't be listened at, or for requests that were cut off.
func Run(ctx context.Context, log *slog.Logger, server *http.Server, o Options) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", server.Addr)
	if err != nil {
		return fmt.Errorf("listening on %s (%s): %w", server.Addr, o.Variable, err)
	}
	var draining atomic.Bool
	server.Handler = farewell(&draining, server.Handler)
	log.Info("listening", slog.String("addr", listener.Addr().String()))
	o.Ready()
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		draining.Store(true)
		<-time.After(o.Drain)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	if err := <-stopped; err != nil {
		_ = server.Close()
		return fmt.Errorf("requests were still running after %s: %w", o.Grace, err)
	}
	return nil
}

// farewell ends each connection with an answer while the server drains. A connection that is closed between two requests may be closed on
// a request that is on its way (RFC 9112, section 9.6); one whose client was told is not used again.
func farewell(draining *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
