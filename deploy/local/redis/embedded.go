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

// tick is how often the clock of an embedded Redis is moved. The shortest time to live that the queue sets is seconds.
const tick = 250 * time.Millisecond

// Embedded is a Redis inside this process, for a machine that has none. It forgets everything when it stops.
type Embedded struct {
	server *miniredis.Miniredis
	port   int
	stop   context.CancelFunc
	ticks  sync.WaitGroup
}

// StartEmbedded starts one on the port, or on a free one if that is taken.
func StartEmbedded(ctx context.Context, port int) (*Embedded, error) {
	port, err := process.Port(ctx, port)
	if err != nil {
		return nil, err
	}
	e := &Embedded{server: miniredis.NewMiniRedis(), port: port}
	if err := e.server.StartAddr(net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
		return nil, fmt.Errorf("starting the embedded Redis: %w", err)
	}
	driven, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.ticks.Go(func() { e.drive(driven) })
	return e, nil
}

// drive moves the clock, because in this Redis no key ends by itself.
func (e *Embedded) drive(ctx context.Context) {
	ticker := time.NewTicker(tick)
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

// Stop ends it. It never fails.
func (e *Embedded) Stop() error {
	e.stop()
	e.ticks.Wait()
	e.server.Close()
	return nil
}
