package redis

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// clockInterval is the time between two updates of the embedded clock. The queue's shortest time to
// live is seconds.
const clockInterval = 250 * time.Millisecond

// Embedded is a Redis inside this process, for machines without one. It has no persistence.
type Embedded struct {
	server *miniredis.Miniredis
	port   int
	stop   context.CancelFunc
	clock  sync.WaitGroup
}

// StartEmbedded starts an embedded Redis on the port if it is free, otherwise on another one. Zero means
// any free port.
func StartEmbedded(ctx context.Context, port int) (*Embedded, error) {
	port, err := process.Port(ctx, port)
	if err != nil {
		return nil, err
	}
	e := &Embedded{server: miniredis.NewMiniRedis(), port: port}
	if err := e.server.StartAddr(net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
		return nil, fmt.Errorf("starting the embedded Redis: %w", err)
	}
	clockCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.clock.Go(func() { e.updateClock(clockCtx) })
	return e, nil
}

// updateClock advances the clock of miniredis, which otherwise expires no keys.
func (e *Embedded) updateClock(ctx context.Context) {
	ticker := time.NewTicker(clockInterval)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			e.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// Port returns the port of the server.
func (e *Embedded) Port() int { return e.port }

// URL returns the address of database 0.
func (e *Embedded) URL() string { return "redis://" + e.server.Addr() + "/0" }

// Stop stops the server. It never fails.
func (e *Embedded) Stop() error {
	e.stop()
	e.clock.Wait()
	e.server.Close()
	return nil
}
