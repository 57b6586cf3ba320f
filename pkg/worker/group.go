package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// ProcessGroup processes imports of one chunk each in one transaction. The imports are alike: see store.Candidate.Like. It
// returns load.ErrSeparately if they may succeed separately.
type ProcessGroup func(ctx context.Context, imports []store.Candidate) (store.GroupCommitted, error)

// WithGroups makes the worker process imports of one chunk together, and returns it.
func (w *Worker) WithGroups(group ProcessGroup) *Worker {
	w.group = group
	return w
}

const (
	// maxGroupRecords and maxGroupBytes limit what a group contains, like a chunk.
	maxGroupRecords = 5_000
	maxGroupBytes   = 4 << 20
)

// runningAfter is how long a step on several imports lasts before they are shown as running: one that waits for a locked
// table, for example.
const runningAfter = 250 * time.Millisecond

// markTimeout bounds markRunning.
const markTimeout = 5 * time.Second

// processWhole processes the imports of an entry together. This attempt is not counted in Postgres, which saves a
// transaction; a mark in Redis shows if the entry is delivered again because its worker was killed. What is not
// committed is processed separately, with counted attempts: the first chunk at once, the others by entries of their own. So
// an import that kills its worker gets one attempt more than configured.
func (w *Worker) processWhole(ctx context.Context, e job.Entry) error {
	left := e.Chunks()
	first, err := w.dispatcher.MarkAttempt(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "imports are processed separately", slog.Any("error", err))
	}
	if first {
		left = w.tryTogether(ctx, left)
	}
	if len(left) == 0 {
		return nil
	}
	if left[0] == e.Chunk {
		left = left[1:]
		err = w.ProcessChunk(ctx, e.Chunk)
	}
	w.dispatchSeparately(ctx, left)
	return err
}

// dispatchSeparately queues chunks by entries of their own. The janitor dispatches those for which that fails.
func (w *Worker) dispatchSeparately(ctx context.Context, chunks []job.Chunk) {
	if len(chunks) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dispatchTimeout)
	defer cancel()
	due := make([]store.Next, len(chunks))
	for i, c := range chunks {
		due[i] = store.Next{Due: job.Due{Kind: w.kind, Chunk: c}}
	}
	w.dispatchAll(ctx, 0, due)
}

// tryTogether processes chunks together, as far as that is possible, and returns those that are still due.
func (w *Worker) tryTogether(ctx context.Context, chunks []job.Chunk) (left []job.Chunk) {
	candidates, err := w.Store.Candidates(ctx, idsOf(chunks))
	if err != nil {
		w.Log.WarnContext(ctx, "imports are processed separately", slog.Any("error", err))
		return chunks
	}
	for len(candidates) > 0 {
		group, rest := choose(candidates)
		if !w.processGroup(ctx, group) {
			left = append(left, chunksOf(group)...)
		}
		candidates = rest
	}
	return left
}

// choose returns the imports that are processed together with the first one.
func choose(candidates []store.Candidate) (group, rest []store.Candidate) {
	records, bytes := 0, 0
	for _, c := range candidates {
		if len(group) > 0 && (!c.Like(group[0]) || records+c.Rows > maxGroupRecords || bytes+c.Bytes > maxGroupBytes) {
			rest = append(rest, c)
			continue
		}
		group, records, bytes = append(group, c), records+c.Rows, bytes+c.Bytes
	}
	return group, rest
}

// processGroup processes imports together, and dispatches what follows. It reports whether they were committed, or at
// least some of them; the others are dispatched.
func (w *Worker) processGroup(ctx context.Context, group []store.Candidate) bool {
	began := time.Now()
	result := metrics.StepNoop
	finish := w.Steps.Begin(ctx, w.kind)
	defer func() { finish(result) }()
	mark := time.AfterFunc(runningAfter, func() { w.markRunning(ctx, group) })
	done, err := w.group(ctx, group)
	mark.Stop()
	if err != nil {
		if !errors.Is(err, load.ErrSeparately) {
			w.Log.WarnContext(ctx, "imports are processed separately", slog.Int("imports", len(group)), slog.Any("error", err))
		}
		return false
	}
	result = metrics.StepCommitted
	var changed []uuid.UUID
	var left []job.Chunk
	for _, c := range group {
		committed, ok := done.Imports[c.ID]
		if !ok {
			left = append(left, job.Chunk{OperationID: c.ID})
			continue
		}
		w.reportGroup(ctx, c, committed, began)
		changed = append(changed, c.ID)
	}
	w.follow(ctx, group[0].Owner, done.Held, changed)
	w.dispatchSeparately(ctx, left)
	return true
}

func (w *Worker) markRunning(ctx context.Context, group []store.Candidate) {
	ctx, cancel := context.WithTimeout(ctx, markTimeout)
	defer cancel()
	ids := idsOf(chunksOf(group))
	err := w.Store.MarkRunning(ctx, ids)
	if err == nil {
		err = w.notifier.Publish(ctx, ids...)
	}
	if err != nil {
		w.Log.DebugContext(ctx, "imports were not shown as running", slog.Any("error", err))
	}
}

// reportGroup logs and counts an import that was committed with others.
func (w *Worker) reportGroup(ctx context.Context, c store.Candidate, done store.Committed, began time.Time) {
	chunk := job.Chunk{OperationID: c.ID}
	ctx = logging.With(ctx, slog.String(logging.Operation, c.ID.String()), slog.Int(logging.Chunk, 0))
	if c.RequestID != "" {
		ctx = logging.With(ctx, slog.String(logging.RequestID, c.RequestID))
	}
	ctx, endSpan := w.startSpan(ctx, chunk, c.Attempt, began)
	w.reportCommitted(ctx, chunk, c.Attempt, done)
	endSpan(metrics.StepCommitted, nil)
}

// follow queues the next held chunk of the owner and notifies the subscribers of the imports.
func (w *Worker) follow(ctx context.Context, owner string, held bool, changed []uuid.UUID) {
	ctx, cancel := context.WithTimeout(ctx, dispatchTimeout)
	defer cancel()
	if held {
		w.dispatchAll(ctx, 0, w.release(ctx, owner, nil))
	}
	if err := w.notifier.Publish(ctx, changed...); err != nil {
		w.Log.DebugContext(ctx, "changes not published", slog.Any("error", err))
	}
}

func idsOf(chunks []job.Chunk) []uuid.UUID {
	ids := make([]uuid.UUID, len(chunks))
	for i, c := range chunks {
		ids[i] = c.OperationID
	}
	return ids
}

func chunksOf(candidates []store.Candidate) []job.Chunk {
	chunks := make([]job.Chunk, len(candidates))
	for i, c := range candidates {
		chunks[i].OperationID = c.ID
	}
	return chunks
}
