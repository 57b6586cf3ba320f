package queue

import (
	"errors"
	"fmt"

	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/task"
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
func (i *Inspector) Queued(queueName string) (map[task.Chunk]bool, error) {
	queued := make(map[task.Chunk]bool)
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

func collect(queued map[task.Chunk]bool, queueName string, list func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error)) error {
	for page := 1; ; page++ {
		entries, err := list(queueName, asynq.PageSize(pageSize), asynq.Page(page))
		if errors.Is(err, asynq.ErrQueueNotFound) {
			return nil // nothing was ever queued, or Redis was flushed
		}
		if err != nil {
			return err
		}
		for _, entry := range entries {
			c, err := task.DecodeChunk(entry.Payload)
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
