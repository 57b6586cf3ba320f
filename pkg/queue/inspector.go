package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
)

// Inspector reads the contents of the queues of this installation. Callers name a queue as in
// job.Queues, without the prefix of the installation.
type Inspector struct {
	redis     *Redis
	inspector *asynq.Inspector
}

// NewInspector returns an inspector.
func NewInspector(r *Redis) *Inspector {
	return &Inspector{redis: r, inspector: asynq.NewInspectorFromRedisClient(r.client)}
}

// Queued returns the chunks of a queue that a worker will receive without intervention: pending,
// scheduled and waiting for a retry. It omits entries that asynq calls active, because their worker
// may be dead; only the lock on the chunk's row in Postgres proves that a worker processes it.
func (i *Inspector) Queued(ctx context.Context, queueName string) (map[job.Chunk]bool, error) {
	queued := make(map[job.Chunk]bool)
	// asynq makes scheduled entries and retries pending, so pending ones are listed last: an entry that moves meanwhile is found.
	for _, list := range []lister{i.inspector.ListScheduledTasks, i.inspector.ListRetryTasks, i.inspector.ListPendingTasks} {
		_, err := list.each(ctx, i.redis.nameOf(queueName), noLimit, func(entry *asynq.TaskInfo) {
			if e, err := job.DecodeEntry(entry.Payload); err == nil { // a worker rejects other payloads
				for _, c := range e.Chunks() {
					queued[c] = true
				}
			}
		})
		if err != nil {
			return nil, fmt.Errorf("listing queue %s: %w", queueName, err)
		}
	}
	return queued, nil
}

// Stats returns a snapshot of every queue, including those that are unknown to Redis because
// nothing was queued since it was last emptied. It returns the error of ctx, or that of a Redis
// that does not answer.
func (i *Inspector) Stats(ctx context.Context) ([]job.QueueStats, error) {
	return within(ctx, i.stats)
}

// within returns the result of read, or the context's error if that comes first. asynq's inspector
// takes no context, so read continues in the background until the driver's own timeouts.
func within[T any](ctx context.Context, read func() (T, error)) (value T, err error) {
	if err := ctx.Err(); err != nil {
		return value, err
	}
	type result struct {
		value T
		err   error
	}
	results := make(chan result, 1)
	go func() {
		value, err := read()
		results <- result{value, err}
	}()
	select {
	case r := <-results:
		return r.value, r.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

func (i *Inspector) stats() ([]job.QueueStats, error) {
	known, err := i.inspector.Queues()
	if err != nil {
		return nil, fmt.Errorf("listing the queues: %w", err)
	}
	var all []job.QueueStats
	for _, name := range job.Queues() {
		stats := job.QueueStats{Name: name}
		if slices.Contains(known, i.redis.nameOf(name)) {
			info, err := i.inspector.GetQueueInfo(i.redis.nameOf(name))
			if err != nil {
				return nil, fmt.Errorf("reading queue %s: %w", name, err)
			}
			stats = job.QueueStats{
				Name: name, Pending: info.Pending, Active: info.Active, Scheduled: info.Scheduled, Retry: info.Retry, Archived: info.Archived,
				Latency: info.Latency, Paused: info.Paused, Processed: info.ProcessedTotal, Failed: info.FailedTotal,
			}
		}
		all = append(all, stats)
	}
	return all, nil
}

// lister is a method of asynq's inspector that lists the entries of a queue in one state.
type lister func(queueName string, options ...asynq.ListOption) ([]*asynq.TaskInfo, error)

const (
	// pageSize is the number of entries that one request to Redis returns.
	pageSize = 1000
	noLimit  = 0
)

// each calls visit for the first limit entries of the list, and reports whether the list contains
// more.
func (list lister) each(ctx context.Context, queueName string, limit int, visit func(*asynq.TaskInfo)) (more bool, err error) {
	for page := 1; limit == noLimit || page <= limit/pageSize; page++ {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		entries, err := list(queueName, asynq.PageSize(pageSize), asynq.Page(page))
		if errors.Is(err, asynq.ErrQueueNotFound) {
			return false, nil // nothing was queued since Redis was last emptied
		}
		if err != nil {
			return false, err
		}
		for _, entry := range entries {
			visit(entry)
		}
		if len(entries) < pageSize {
			return false, nil
		}
	}
	rest, err := list(queueName, asynq.PageSize(1), asynq.Page(limit+1))
	return len(rest) > 0, err
}
