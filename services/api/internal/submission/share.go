package submission

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// Holder decides whether a chunk is queued or held. *store.Store implements it.
type Holder interface {
	Hold(ctx context.Context, share store.Share, c job.Chunk) (held bool, room int, err error)
}

const (
	// roomAge is how long the room in a client's share is known without another query, so that a
	// client with many small requests costs ten queries a second.
	roomAge = 100 * time.Millisecond
	// maxRooms bounds the clients whose room is known.
	maxRooms = 10_000
)

// SharedDispatcher queues chunks within the share of their client, and holds the others in Postgres
// until steps of the client end. It is safe for concurrent use.
type SharedDispatcher struct {
	queue  Dispatcher
	holder Holder
	shares config.Shares
	log    *slog.Logger

	mu    sync.Mutex
	rooms map[store.Share]room
}

// room is how many more entries a client may have in a queue.
type room struct {
	left  int
	until time.Time
}

// NewSharedDispatcher returns a dispatcher that queues chunks through d.
func NewSharedDispatcher(d Dispatcher, holder Holder, shares config.Shares, log *slog.Logger) *SharedDispatcher {
	return &SharedDispatcher{queue: d, holder: holder, shares: shares, log: log, rooms: make(map[store.Share]room)}
}

// Dispatch queues or holds a chunk of the client that sent the request with the context. If the client's
// share is unknown, it queues the chunk.
func (d *SharedDispatcher) Dispatch(ctx context.Context, kind job.Kind, c job.Chunk, g queue.Generation) error {
	owner, _ := ctx.Value(ownerKey{}).(string)
	share := store.Share{Owner: owner, Kind: kind, Limit: d.shares.Limit(kind)}
	if owner != "" && share.Limit > 0 && !d.takeRoom(share) {
		held, left, err := d.holder.Hold(ctx, share, c)
		if err != nil {
			d.log.WarnContext(ctx, "the client's share of the queue is unknown", slog.Any("error", err))
		}
		if held {
			return nil
		}
		d.setRoom(share, left)
	}
	return d.queue.Dispatch(ctx, kind, c, g)
}

// takeRoom reports whether the client is known to have room for an entry, and takes it.
func (d *SharedDispatcher) takeRoom(share store.Share) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.rooms[share]
	if known.left <= 0 || time.Now().After(known.until) {
		return false
	}
	known.left--
	d.rooms[share] = known
	return true
}

func (d *SharedDispatcher) setRoom(share store.Share, left int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.rooms) >= maxRooms {
		clear(d.rooms)
	}
	d.rooms[share] = room{left: left, until: time.Now().Add(roomAge)}
}

type ownerKey struct{}

// withOwner adds the client that a request belongs to.
func withOwner(ctx context.Context, owner string) context.Context {
	return context.WithValue(ctx, ownerKey{}, owner)
}
