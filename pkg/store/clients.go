package store

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// ClientLimits limit what the reads and uploads of clients may occupy in a service.
type ClientLimits struct {
	// Reads is how many expensive reads (lists, records, results, files) may use a connection at the
	// same time, Writes how many blocks of uploads. What is left of the pool is for polls, cancels and
	// deletes. 0 means no limit.
	Reads, Writes int
	// CacheBytes is the size of the cache of unpacked chunks; 0 means defaultCacheBytes.
	CacheBytes int64
	// Hold reserves memory for a request; release returns it. nil means no limit.
	Hold func(ctx context.Context, bytes int64) (release func(), err error)
}

const (
	// defaultCacheBytes is enough for some chunks.
	defaultCacheBytes = 32 << 20
	// turnTimeout is how long a read or a block waits for its turn.
	turnTimeout = 10 * time.Second
	// busyRetryAfter is the Retry-After of a read that got no turn.
	busyRetryAfter = 5 * time.Second
)

// clients applies ClientLimits.
type clients struct {
	reads, writes turns
	cache         *chunkCache
	hold          func(ctx context.Context, bytes int64) (release func(), err error)
}

func newClients(l ClientLimits) clients {
	c := clients{reads: newTurns(l.Reads), writes: newTurns(l.Writes), cache: newChunkCache(l.CacheBytes), hold: l.Hold}
	if c.hold == nil {
		c.hold = func(context.Context, int64) (func(), error) { return func() {}, nil }
	}
	return c
}

// turns admits a number of callers at the same time, in the order of their calls.
type turns chan struct{}

// newTurns returns turns for n callers; 0 means no limit.
func newTurns(n int) turns {
	if n <= 0 {
		return nil
	}
	return make(turns, n)
}

// take waits for a turn. It returns a fault of kind Busy if it gets none in time. The caller must call
// end.
func (t turns) take(ctx context.Context) (end func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	timeout := time.NewTimer(turnTimeout)
	defer timeout.Stop()
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-timeout.C:
		return nil, fault.New(fault.Busy, "server-busy",
			"The database is busy with other reads and uploads. Nothing was changed; try again in a few seconds.").RetryAfter(busyRetryAfter)
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a turn at the database: %w", ctx.Err())
	}
}

// BeginRead waits for the turn of an expensive read, of which a few may run at the same time. It
// returns a fault of kind Busy if there is none in time. The caller must call end.
func (s *Store) BeginRead(ctx context.Context) (end func(), err error) {
	return s.clients.reads.take(ctx)
}
