package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/hibiken/asynq"
)

// attemptField is the field that marks an attempt in the hash in which asynq keeps an entry. asynq reads other fields, and
// deletes the hash with the entry.
const attemptField = "longshore_attempted"

// errNoEntry means that a context is not that of a Handler.
var errNoEntry = errors.New("the context belongs to no queue entry")

// MarkAttempt marks the entry that a Handler is processing as attempted, and reports whether it was not before: an entry
// is delivered again if its worker dies. ctx is that of the Handler.
func (d *Dispatcher) MarkAttempt(ctx context.Context) (first bool, err error) {
	queue, ok := asynq.GetQueueName(ctx)
	id, found := asynq.GetTaskID(ctx)
	if !ok || !found {
		return false, errNoEntry
	}
	added, err := d.redis.client.HSet(ctx, "asynq:{"+queue+"}:t:"+id, attemptField, 1).Result()
	if err != nil {
		return false, fmt.Errorf("marking an attempt: %w", err)
	}
	return added == 1, nil
}
