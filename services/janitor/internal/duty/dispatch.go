package duty

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
)

// dueLimit bounds the chunks that one pass looks at; what is left comes next time.
const dueLimit = 10_000

// Chunks tells which chunks should be queued or worked on by now, and which of them nobody holds.
type Chunks interface {
	DueChunks(ctx context.Context, limit int) ([]job.Due, error)
	Unlocked(ctx context.Context, chunks []job.Chunk) ([]job.Chunk, error)
}

// Dispatch finds chunks that are due, that the queue does not hold and that nobody has locked, and dispatches them again: after
// a flush of Redis, the death of a worker, an api that could not reach Redis. An entry that asynq calls active is
// no proof of life; the lock on the row is.
func Dispatch(store Chunks, redis *queue.Redis, log *slog.Logger, meters *metrics.Duties, every time.Duration) Duty {
	d := &dispatch{store: store, redis: redis, log: log, meters: meters}
	meters.Rescued(dispatchName, 0)
	return Duty{Name: dispatchName, Every: every, Pass: d.pass}
}

// dispatchName is the duty's name.
const dispatchName = "dispatch"

type dispatch struct {
	store  Chunks
	redis  *queue.Redis
	log    *slog.Logger
	meters *metrics.Duties
	// missed are the chunks that the last pass did not find in the queue. Only what is missed twice is looked at closely: a
	// chunk that was just taken or is on its way is healthy, and looking would disturb its worker.
	missed map[job.Chunk]bool
}

func (d *dispatch) pass(ctx context.Context) error {
	due, err := d.store.DueChunks(ctx, dueLimit)
	if err != nil {
		return err
	}
	if len(due) == 0 {
		d.missed = nil
		return nil
	}
	queued, err := d.queued(ctx, due)
	if err != nil {
		return err
	}
	missing, suspects := compare(due, queued, d.missed)
	d.missed = missing
	if len(suspects) == 0 {
		return nil
	}
	lost, err := d.store.Unlocked(ctx, suspects)
	if err != nil {
		return err
	}
	return d.dispatch(ctx, due, lost)
}

// queued looks into the queues in which something is due.
func (d *dispatch) queued(ctx context.Context, due []job.Due) (map[job.Chunk]bool, error) {
	inspector := queue.NewInspector(d.redis)
	queued := make(map[job.Chunk]bool)
	looked := make(map[string]bool)
	for _, one := range due {
		name := one.Kind.Queue()
		if looked[name] {
			continue
		}
		looked[name] = true
		found, err := inspector.Queued(ctx, name)
		if err != nil {
			return nil, err
		}
		maps.Copy(queued, found)
	}
	return queued, nil
}

// compare returns the due chunks that are not queued, and among them those that were missing before.
func compare(due []job.Due, queued, missedBefore map[job.Chunk]bool) (missing map[job.Chunk]bool, suspects []job.Chunk) {
	missing = make(map[job.Chunk]bool)
	for _, one := range due {
		c := one.Chunk
		if queued[c] {
			continue
		}
		missing[c] = true
		if missedBefore[c] {
			suspects = append(suspects, c)
		}
	}
	return missing, suspects
}

// dispatch uses a dispatcher of its own for each pass, so that a flushed Redis learns the queue's name again.
func (d *dispatch) dispatch(ctx context.Context, due []job.Due, lost []job.Chunk) error {
	kinds := make(map[job.Chunk]job.Kind, len(due))
	for _, one := range due {
		kinds[one.Chunk] = one.Kind
	}
	dispatcher := queue.NewDispatcher(d.redis)
	for _, c := range lost {
		if err := dispatcher.Dispatch(ctx, kinds[c], c, queue.NewGeneration()); err != nil {
			return fmt.Errorf("rescuing: %w", err)
		}
		delete(d.missed, c)
		d.meters.Rescued(dispatchName, 1)
		d.log.InfoContext(ctx, "dispatched a chunk that the queue had lost",
			slog.String(logging.Operation, c.OperationID.String()), slog.Int(logging.Chunk, c.Seq))
	}
	return nil
}
