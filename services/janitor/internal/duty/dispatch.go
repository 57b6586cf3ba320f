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
	"github.com/longshore-io/longshore/pkg/store"
)

// dueLimit is how many due chunks one pass reads; the next pass reads the rest.
const dueLimit = 10_000

const dispatchName = "dispatch"

// Dispatch enqueues due chunks that are neither queued nor locked: after a flush of Redis, the
// death of a worker, or an api that could not reach Redis. It also registers the queues, because an
// emptied Redis no longer lists them. An entry that asynq calls active does
// not prove that a worker has the chunk; the lock on the chunk's row does.
func Dispatch(db *store.Store, redis *queue.Redis, log *slog.Logger, meters *metrics.Duties, every time.Duration) Duty {
	d := &dispatch{db: db, inspector: queue.NewInspector(redis), dispatcher: queue.NewDispatcher(redis), log: log, meters: meters}
	meters.Rescued(dispatchName, 0)
	return Duty{Name: dispatchName, Every: every, Pass: d.pass}
}

type dispatch struct {
	db         *store.Store
	inspector  *queue.Inspector
	dispatcher *queue.Dispatcher
	log        *slog.Logger
	meters     *metrics.Duties
	// missing are the chunks that the last pass did not find in the queue. Only chunks missing in
	// two passes are checked for a lock: a chunk that a worker has just taken, or that is about to
	// be queued, needs no help, and the check would disturb its worker.
	missing map[job.Chunk]bool
}

func (d *dispatch) pass(ctx context.Context) error {
	due, err := d.db.DueChunks(ctx, dueLimit)
	if err != nil {
		return err
	}
	registerErr := d.dispatcher.Register(ctx)
	if len(due) == 0 {
		d.missing = nil
		return nil // without due work, a Redis that is away delays nothing
	}
	if registerErr != nil {
		return registerErr
	}
	queued, err := d.queued(ctx, due)
	if err != nil {
		return err
	}
	missing, suspects := compare(due, queued, d.missing)
	d.missing = missing
	if len(suspects) == 0 {
		return nil
	}
	lost, err := d.db.Unlocked(ctx, suspects)
	if err != nil {
		return err
	}
	return d.dispatch(ctx, due, lost)
}

// queued returns the chunks in those queues in which something is due.
func (d *dispatch) queued(ctx context.Context, due []job.Due) (map[job.Chunk]bool, error) {
	queued := make(map[job.Chunk]bool)
	read := make(map[string]bool)
	for _, one := range due {
		name := one.Kind.Queue()
		if read[name] {
			continue
		}
		read[name] = true
		found, err := d.inspector.Queued(ctx, name)
		if err != nil {
			return nil, err
		}
		maps.Copy(queued, found)
	}
	return queued, nil
}

// compare returns the due chunks that are not queued, and the suspects among them: those that were
// also missing in the last pass.
func compare(due []job.Due, queued, missingBefore map[job.Chunk]bool) (missing map[job.Chunk]bool, suspects []job.Chunk) {
	missing = make(map[job.Chunk]bool)
	for _, one := range due {
		c := one.Chunk
		if queued[c] {
			continue
		}
		missing[c] = true
		if missingBefore[c] {
			suspects = append(suspects, c)
		}
	}
	return missing, suspects
}

// dispatch enqueues the lost chunks.
func (d *dispatch) dispatch(ctx context.Context, due []job.Due, lost []job.Chunk) error {
	kinds := make(map[job.Chunk]job.Kind, len(due))
	for _, one := range due {
		kinds[one.Chunk] = one.Kind
	}
	for _, c := range lost {
		if err := d.dispatcher.Dispatch(ctx, kinds[c], c, queue.NewGeneration()); err != nil {
			return fmt.Errorf("dispatching a lost chunk: %w", err)
		}
		delete(d.missing, c)
		d.meters.Rescued(dispatchName, 1)
		d.log.InfoContext(ctx, "dispatched a chunk that was missing in the queue",
			slog.String(logging.Operation, c.OperationID.String()), slog.Int(logging.Chunk, c.Seq))
	}
	return nil
}
