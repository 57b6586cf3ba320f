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
	// Refused is called when a read or an upload got no turn, with the name of what is used up:
	// TurnsOfReads or TurnsOfWrites. nil is allowed.
	Refused func(resource string)
}

// The resources that ClientLimits.Refused names.
const (
	TurnsOfReads  = "reads"
	TurnsOfWrites = "writes"
)

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
	c := clients{reads: newTurns(TurnsOfReads, l.Reads, l.Refused), writes: newTurns(TurnsOfWrites, l.Writes, l.Refused), cache: newChunkCache(l.CacheBytes), hold: l.Hold}
	if c.hold == nil {
		c.hold = func(context.Context, int64) (func(), error) { return func() {}, nil }
	}
	return c
}

// turns admits a number of callers at the same time, in the order of their calls.
type turns struct {
	name    string
	free    chan struct{} // nil means no limit
	refused func(name string)
}

// newTurns returns turns for n callers; 0 means no limit. refused may be nil.
func newTurns(name string, n int, refused func(string)) turns {
	t := turns{name: name, refused: refused}
	if n > 0 {
		t.free = make(chan struct{}, n)
	}
	if refused == nil {
		t.refused = func(string) {}
	}
	return t
}

// take waits for a turn. It returns a fault of kind Busy if it gets none in time. The caller must call
// end.
func (t turns) take(ctx context.Context) (end func(), err error) {
	if t.free == nil {
		return func() {}, nil
	}
	timeout := time.NewTimer(turnTimeout)
	defer timeout.Stop()
	select {
	case t.free <- struct{}{}:
		return func() { <-t.free }, nil
	case <-timeout.C:
		t.refused(t.name)
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
