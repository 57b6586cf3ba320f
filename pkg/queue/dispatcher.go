// Package queue queues due chunks in Redis through asynq, serves them to workers, inspects the
// queues, and notifies subscribers of changed operations. It is not a source of truth: every entry
// can be rebuilt from Postgres.
package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
)

const (
	// stepTimeout bounds one step. asynq's default is 30 minutes.
	stepTimeout = 5 * time.Minute
	// splitTimeout bounds the split of a multipart upload, which takes about a minute for each few
	// GiB.
	splitTimeout = 3 * time.Hour
	// reportTimeout bounds a step of a report. One step writes the whole file: ten million records
	// take some minutes.
	reportTimeout = 3 * time.Hour
	// maxRetry only has to be positive. The server counts no failure of asynq's, because Postgres
	// counts the attempts.
	maxRetry = 1
)

// Dispatcher queues chunks. It is safe for concurrent use.
type Dispatcher struct {
	redis     *Redis
	client    *asynq.Client
	inspector *asynq.Inspector
}

// NewDispatcher returns a dispatcher. asynq's client registers the name of each queue in Redis once, so
// after a loss of Redis the names stay unknown until Register is called.
func NewDispatcher(r *Redis) *Dispatcher {
	return &Dispatcher{redis: r, client: asynq.NewClientFromRedisClient(r.client), inspector: asynq.NewInspectorFromRedisClient(r.client)}
}

// Register makes the names of all queues known to asynq's inspector and web UI. Work is processed
// without it, but can't be seen.
func (d *Dispatcher) Register(ctx context.Context) error {
	var names []any
	for _, name := range job.Queues() {
		names = append(names, d.redis.nameOf(name))
	}
	if err := d.redis.client.SAdd(ctx, allQueues, names...).Err(); err != nil {
		return fmt.Errorf("registering the queues: %w", err)
	}
	return nil
}

// Dispatch queues a chunk. It does nothing when an entry for the same chunk and generation is
// already queued. An archived entry does not count as queued: a client may reuse an operation's id
// long after the operation failed.
func (d *Dispatcher) Dispatch(ctx context.Context, kind job.Kind, c job.Chunk, g Generation) error {
	return d.DispatchAfter(ctx, 0, kind, job.Entry{Chunk: c}, g)
}

// DispatchAfter is Dispatch of an entry that is processed after a delay; 0 means at once. An entry with other chunks is
// known by its own.
func (d *Dispatcher) DispatchAfter(ctx context.Context, delay time.Duration, kind job.Kind, e job.Entry, g Generation) error {
	err := d.enqueue(ctx, delay, kind, e, g)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		err = d.enqueueIfArchived(ctx, delay, kind, e, g)
	}
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("dispatching chunk %s: %w", e.Chunk, err)
	}
	return nil
}

// enqueueIfArchived queues a chunk under a new generation if the entry of generation g is archived.
func (d *Dispatcher) enqueueIfArchived(ctx context.Context, delay time.Duration, kind job.Kind, e job.Entry, g Generation) error {
	archived, err := within(ctx, func() (bool, error) {
		entry, err := d.inspector.GetTaskInfo(d.redis.nameOf(kind.Queue()), entryID(e.Chunk, g))
		return err == nil && entry.State == asynq.TaskStateArchived, nil
	})
	if err != nil || !archived {
		return err
	}
	return d.enqueue(ctx, delay, kind, e, NewGeneration())
}

func (d *Dispatcher) enqueue(ctx context.Context, delay time.Duration, kind job.Kind, e job.Entry, g Generation) error {
	_, err := d.client.EnqueueContext(ctx, newEntry(ctx, kind, e),
		asynq.TaskID(entryID(e.Chunk, g)),
		asynq.ProcessIn(delay),
		asynq.Queue(d.redis.nameOf(kind.Queue())),
		asynq.MaxRetry(maxRetry),
		asynq.Timeout(timeoutOf(kind)))
	if err == nil && delay == 0 {
		d.announce(ctx, kind.Queue())
	}
	return err
}

func entryID(c job.Chunk, g Generation) string { return c.String() + "." + string(g) }

func timeoutOf(kind job.Kind) time.Duration {
	switch kind {
	case job.Split:
		return splitTimeout
	case job.Report:
		return reportTimeout
	default:
		return stepTimeout
	}
}

// Generation distinguishes the entries of one chunk. asynq rejects a new entry with the id of an
// existing one, even if that is archived or its worker has died.
type Generation string

// FirstDispatch is the generation of a chunk's first entry.
const FirstDispatch Generation = "0"

// GenerationOf returns the generation of the entry for the next step of a chunk that has completed
// steps. So each step of an operation with many steps is dispatched once.
func GenerationOf(steps int) Generation { return Generation(strconv.Itoa(steps)) }

// NewGeneration returns a random generation, for the dispatch of a lost chunk.
func NewGeneration() Generation { return Generation(uuid.NewString()[:8]) }
