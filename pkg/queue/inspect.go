package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
)

// pageSize is how many entries one look at the queue brings.
const pageSize = 1000

// Inspector tells what is queued.
type Inspector struct {
	inspector *asynq.Inspector
}

// NewInspector makes an inspector.
func NewInspector(r *Redis) *Inspector {
	return &Inspector{inspector: asynq.NewInspectorFromRedisClient(r.client)}
}

// Queued returns the chunks of a queue that will come to a worker without anybody's help. Entries that asynq calls active are
// not among them: whether a worker really has one is told by the lock on its row, not by Redis.
func (i *Inspector) Queued(queueName string) (map[job.Chunk]bool, error) {
	queued := make(map[job.Chunk]bool)
	for _, list := range []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){
		i.inspector.ListPendingTasks,
		i.inspector.ListScheduledTasks,
		i.inspector.ListRetryTasks,
	} {
		if err := collect(queued, queueName, list); err != nil {
			return nil, fmt.Errorf("listing queue %s: %w", queueName, err)
		}
	}
	return queued, nil
}

// Stats tells how every queue stands, also one in which nothing was queued since Redis was last emptied. Its error says that Redis does not
// answer, or is that of ctx.
func (i *Inspector) Stats(ctx context.Context) ([]job.QueueStats, error) {
	return within(ctx, i.standing)
}

// within returns what asynq's inspector is asked for, or the context's error if that comes first: the inspector takes no context, and is left to
// the driver's own timeouts.
func within[T any](ctx context.Context, ask func() (T, error)) (answer T, err error) {
	if err := ctx.Err(); err != nil {
		return answer, err
	}
	type told struct {
		answer T
		err    error
	}
	heard := make(chan told, 1)
	go func() {
		answer, err := ask()
		heard <- told{answer, err}
	}()
	select {
	case said := <-heard:
		return said.answer, said.err
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

func (i *Inspector) standing() ([]job.QueueStats, error) {
	known, err := i.inspector.Queues()
	if err != nil {
		return nil, fmt.Errorf("listing the queues: %w", err)
	}
	var all []job.QueueStats
	for _, name := range job.Queues() {
		queue := job.QueueStats{Name: name}
		if slices.Contains(known, name) {
			info, err := i.inspector.GetQueueInfo(name)
			if err != nil {
				return nil, fmt.Errorf("looking at queue %s: %w", name, err)
			}
			queue.Pending, queue.Active, queue.Scheduled, queue.Retry, queue.Archived = info.Pending, info.Active, info.Scheduled, info.Retry, info.Archived
			queue.Latency, queue.Paused, queue.Processed, queue.Failed = info.Latency, info.Paused, info.ProcessedTotal, info.FailedTotal
		}
		all = append(all, queue)
	}
	return all, nil
}

func collect(queued map[job.Chunk]bool, queueName string, list func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error)) error {
	for page := 1; ; page++ {
		entries, err := list(queueName, asynq.PageSize(pageSize), asynq.Page(page))
		if errors.Is(err, asynq.ErrQueueNotFound) {
			return nil // nothing was ever queued, or Redis was flushed
		}
		if err != nil {
			return err
		}
		for _, entry := range entries {
			c, err := job.DecodeChunk(entry.Payload)
			if err != nil {
				continue // not ours: a worker will refuse it
			}
			queued[c] = true
		}
		if len(entries) < pageSize {
			return nil
		}
	}
}

// memorySection is the part of what Redis tells of itself that is about its memory, in the words of the driver.
const memorySection = "Memory"

// Memory tells how many bytes Redis uses and may use; the latter is 0 if nothing bounds it.
func (r *Redis) Memory(ctx context.Context) (used, most int64, err error) {
	told, err := r.client.InfoMap(ctx, strings.ToLower(memorySection)).Result()
	if err != nil {
		return 0, 0, fmt.Errorf("asking Redis for its memory: %w", err)
	}
	used, badUsed := strconv.ParseInt(told[memorySection]["used_memory"], 10, 64)
	most, badMost := strconv.ParseInt(told[memorySection]["maxmemory"], 10, 64)
	if err := errors.Join(badUsed, badMost); err != nil {
		return 0, 0, fmt.Errorf("reading what Redis tells of its memory: %w", err)
	}
	return used, most, nil
}
