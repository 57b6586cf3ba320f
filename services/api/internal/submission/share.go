package submission

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/coalesce"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// Holder decides whether an entry is queued or held. *store.Store implements it.
type Holder interface {
	Hold(ctx context.Context, share store.Share, e job.Entry) (held bool, room float32, err error)
}

// Queue queues entries. *queue.Dispatcher implements it.
type Queue interface {
	DispatchAfter(ctx context.Context, delay time.Duration, kind job.Kind, e job.Entry, g queue.Generation) error
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
	queue  Queue
	holder Holder
	shares config.Shares
	log    *slog.Logger

	whole *coalesce.Group[wholeKey, *wholeImport]

	mu    sync.Mutex
	rooms map[store.Share]room
}

// room is how many more entries a client may have in a queue.
type room struct {
	left  float32
	until time.Time
}

// NewSharedDispatcher returns a dispatcher that queues chunks through q.
func NewSharedDispatcher(q Queue, holder Holder, shares config.Shares, log *slog.Logger) *SharedDispatcher {
	d := &SharedDispatcher{queue: q, holder: holder, shares: shares, log: log, rooms: make(map[store.Share]room)}
	d.whole = newWholes(d)
	return d
}

// Dispatch queues or holds a chunk of the client that sent the request with the context. If the client's
// share is unknown, it queues the chunk.
func (d *SharedDispatcher) Dispatch(ctx context.Context, due job.Due) error {
	return d.dispatch(ctx, ownerOf(ctx), due.Kind, job.Entry{Chunk: due.Chunk})
}

func (d *SharedDispatcher) dispatch(ctx context.Context, owner string, kind job.Kind, e job.Entry) error {
	share := store.Share{Owner: owner, Kind: kind, Limit: d.shares.Limit(kind)}
	if owner != "" && share.Limit > 0 && !d.takeRoom(share) {
		held, left, err := d.holder.Hold(ctx, share, e)
		if err != nil {
			d.log.WarnContext(ctx, "the client's share of the queue is unknown", slog.Any("error", err))
		}
		if held {
			return nil
		}
		d.setRoom(share, left)
	}
	return d.queue.DispatchAfter(ctx, 0, kind, e, queue.FirstDispatch)
}

// takeRoom reports whether the client is known to have room for an entry, and takes it.
func (d *SharedDispatcher) takeRoom(share store.Share) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.rooms[share]
	if known.left < 1 || time.Now().After(known.until) {
		return false
	}
	known.left--
	d.rooms[share] = known
	return true
}

func (d *SharedDispatcher) setRoom(share store.Share, left float32) {
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

func ownerOf(ctx context.Context) string {
	owner, _ := ctx.Value(ownerKey{}).(string)
	return owner
}
