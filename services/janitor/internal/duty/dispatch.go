package duty

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// maxDue is how many operations of each kind one pass looks at. The next pass continues after the last
// of them, and begins again after the last of all.
const maxDue = 10_000

const dispatchName = "dispatch"

// Dispatch enqueues due chunks that are neither queued nor locked: after a flush of Redis, the
// death of a worker, or an api that could not reach Redis. It also registers the queues, because an
// emptied Redis no longer lists them. An entry that asynq calls active does
// not prove that a worker has the chunk; the lock on the chunk's row does.
func Dispatch(db *store.Store, redis *queue.Redis, log *slog.Logger, meters *metrics.Duties, tracer *tracing.Tracer, every time.Duration) Duty {
	d := newDispatch(db, redis, log, meters, maxDue)
	d.tracer = tracer
	meters.Rescued(dispatchName, 0)
	return Duty{Name: dispatchName, Every: every, Pass: d.pass}
}

type dispatch struct {
	db         *store.Store
	inspector  *queue.Inspector
	dispatcher *queue.Dispatcher
	log        *slog.Logger
	meters     *metrics.Duties
	kinds      map[operation.Kind]*round
	// tracer records each rescue in the trace of its operation; nil if tracing is off.
	tracer *tracing.Tracer
}

func newDispatch(db *store.Store, redis *queue.Redis, log *slog.Logger, meters *metrics.Duties, limit int) *dispatch {
	return &dispatch{
		db: db, inspector: queue.NewInspector(redis), dispatcher: queue.NewDispatcher(redis), log: log, meters: meters, kinds: newRounds(limit),
	}
}

// round is the progress of the passes through the operations of one kind.
type round struct {
	limit int
	// after is the number of the last operation that was looked at; 0 at the beginning.
	after int64
	// missing are the chunks that were not in the queue when they were last looked at, and in which
	// round that was. Only chunks missing twice are checked for a lock: a chunk that a worker has just
	// taken, or that is about to be queued, needs no help, and the check would disturb its worker.
	missing map[job.Chunk]int
	number  int
}

func newRounds(limit int) map[operation.Kind]*round {
	kinds := make(map[operation.Kind]*round)
	for _, kind := range operation.Kinds() {
		kinds[kind] = &round{limit: limit, missing: make(map[job.Chunk]int)}
	}
	return kinds
}

// pass looks at the next operations of each kind. An error with one kind does not delay the others.
func (d *dispatch) pass(ctx context.Context) error {
	registerErr := d.dispatcher.Register(ctx)
	var errs []error
	for kind, round := range d.kinds {
		errs = append(errs, d.passKind(ctx, kind, round, registerErr))
	}
	return errors.Join(errs...)
}

func (d *dispatch) passKind(ctx context.Context, kind operation.Kind, r *round, registerErr error) error {
	due, next, err := d.db.DueChunks(ctx, kind, r.after, r.limit)
	if err != nil {
		return err
	}
	if len(due) > 0 && registerErr != nil {
		return registerErr // without due work, a Redis that is away delays nothing
	}
	var queued map[job.Chunk]bool
	if len(due) > 0 {
		if queued, err = d.queued(ctx, due); err != nil {
			return err
		}
	}
	suspects := r.compare(due, queued)
	r.advance(next)
	if len(suspects) == 0 {
		return nil
	}
	lost, err := d.db.Unlocked(ctx, suspects)
	if err != nil {
		return err
	}
	return d.dispatch(ctx, r, due, lost)
}

// advance sets where the next pass continues. At the end of a round it forgets the chunks that were not
// due any more.
func (r *round) advance(next int64) {
	r.after = next
	if next != 0 {
		return
	}
	maps.DeleteFunc(r.missing, func(_ job.Chunk, seen int) bool { return seen < r.number })
	r.number++
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

// compare notes the due chunks that are not queued, and returns the suspects among them: those that
// were also missing when they were looked at before.
func (r *round) compare(due []job.Due, queued map[job.Chunk]bool) (suspects []job.Chunk) {
	for _, one := range due {
		c := one.Chunk
		if queued[c] {
			delete(r.missing, c)
			continue
		}
		if _, before := r.missing[c]; before {
			suspects = append(suspects, c)
		}
		r.missing[c] = r.number
	}
	return suspects
}

// dispatch enqueues the lost chunks.
func (d *dispatch) dispatch(ctx context.Context, r *round, due []job.Due, lost []job.Chunk) error {
	kinds := make(map[job.Chunk]job.Kind, len(due))
	for _, one := range due {
		kinds[one.Chunk] = one.Kind
	}
	traceparents := d.traceparents(ctx, lost)
	for _, c := range lost {
		if err := d.rescue(ctx, kinds[c], c, traceparents[c.OperationID]); err != nil {
			return fmt.Errorf("dispatching a lost chunk: %w", err)
		}
		delete(r.missing, c)
	}
	return nil
}

// rescue enqueues one lost chunk.
func (d *dispatch) rescue(ctx context.Context, kind job.Kind, c job.Chunk, traceparent string) (err error) {
	ctx = logging.With(ctx, slog.String(logging.Operation, c.OperationID.String()), slog.Int(logging.Chunk, c.Seq))
	if d.tracer != nil {
		var span trace.Span
		ctx, span = d.tracer.StartWork(ctx, "rescue", traceparent, trace.WithSpanKind(trace.SpanKindProducer),
			trace.WithAttributes(tracing.Operation.String(c.OperationID.String()), tracing.Chunk.Int(c.Seq)))
		defer func() { tracing.Fail(span, err); span.End() }()
		ctx = logging.With(ctx, slog.String(logging.TraceID, tracing.ID(ctx)))
	}
	if err := d.dispatcher.Dispatch(ctx, kind, c, queue.NewGeneration()); err != nil {
		return err
	}
	d.meters.Rescued(dispatchName, 1)
	d.log.InfoContext(ctx, "dispatched a chunk that was missing in the queue")
	return nil
}

// traceparents returns the trace contexts of the operations of lost chunks. Without them the rescue
// goes on in a trace of its own.
func (d *dispatch) traceparents(ctx context.Context, lost []job.Chunk) map[uuid.UUID]string {
	if d.tracer == nil || len(lost) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(lost))
	for i, c := range lost {
		ids[i] = c.OperationID
	}
	found, err := d.db.Traceparents(ctx, ids)
	if err != nil {
		d.log.DebugContext(ctx, "the trace contexts of lost chunks were not read", slog.Any("error", err))
	}
	return found
}
