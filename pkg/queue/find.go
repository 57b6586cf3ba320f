package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
)

// FindLimit is how many entries of one queue in one state Find looks at: asynq can't ask for the entries of one operation.
const FindLimit = 10 * pageSize

// Entry is what the queue holds of an operation.
type Entry struct {
	// Queue and ID tell the entry to asynq and its tools.
	Queue, ID string
	// Chunk is the place of the chunk in its operation.
	Chunk int
	// State is asynq's word for it: active, pending, scheduled, retry, archived or completed.
	State string
	// Orphaned says that the worker that had it does not tell of itself any more.
	Orphaned bool
	// LastError is why it came back the last time, or its operation's error code if it was put aside, in words that quote nothing (see keptError);
	// empty means that it did not come back.
	LastError string
	// Next is when it comes to a worker again; zero if nothing but a free worker is waited for, or if it does not.
	Next time.Time
}

// Found is what Find has seen.
type Found struct {
	Entries []Entry
	// Cut names the lists, such as "imports, archived", that hold more entries than FindLimit: there may be more of the operation's in them.
	Cut []string
}

// Find looks through all queues for the entries of an operation, in every state. Entries go on moving meanwhile, so it is a help for people
// and not a truth to decide by. Its error says that Redis does not answer, or is that of ctx.
func (i *Inspector) Find(ctx context.Context, operation uuid.UUID) (Found, error) {
	lists := []struct {
		state string
		list  lister
	}{
		{asynq.TaskStateActive.String(), i.inspector.ListActiveTasks},
		{asynq.TaskStatePending.String(), i.inspector.ListPendingTasks},
		{asynq.TaskStateScheduled.String(), i.inspector.ListScheduledTasks},
		{asynq.TaskStateRetry.String(), i.inspector.ListRetryTasks},
		{asynq.TaskStateArchived.String(), i.inspector.ListArchivedTasks},
		{asynq.TaskStateCompleted.String(), i.inspector.ListCompletedTasks},
	}
	var found Found
	for _, name := range job.Queues() {
		for _, l := range lists {
			entries, cut, err := findIn(ctx, name, l.list, operation)
			if err != nil {
				return Found{}, fmt.Errorf("looking through queue %s: %w", name, err)
			}
			found.Entries = append(found.Entries, entries...)
			if cut {
				found.Cut = append(found.Cut, name+", "+l.state)
			}
		}
	}
	return found, nil
}

// lister is one of the inspector's lists.
type lister func(queue string, options ...asynq.ListOption) ([]*asynq.TaskInfo, error)

// findIn looks through one list, and reports whether it is longer than what is looked at.
func findIn(ctx context.Context, queueName string, list lister, operation uuid.UUID) (found []Entry, cut bool, err error) {
	for page := 1; page <= FindLimit/pageSize; page++ {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		entries, err := list(queueName, asynq.PageSize(pageSize), asynq.Page(page))
		if errors.Is(err, asynq.ErrQueueNotFound) {
			return nil, false, nil // nothing was ever queued, or Redis was flushed
		}
		if err != nil {
			return nil, false, err
		}
		for _, info := range entries {
			if c, err := job.DecodeChunk(info.Payload); err == nil && c.OperationID == operation {
				found = append(found, entryOf(c, info))
			}
		}
		if len(entries) < pageSize {
			return found, false, nil
		}
	}
	rest, err := list(queueName, asynq.PageSize(1), asynq.Page(FindLimit+1))
	return found, len(rest) > 0, err
}

// delayed are the states of entries that wait for their time.
var delayed = []asynq.TaskState{asynq.TaskStateScheduled, asynq.TaskStateRetry}

func entryOf(c job.Chunk, info *asynq.TaskInfo) Entry {
	e := Entry{Queue: info.Queue, ID: info.ID, Chunk: c.Seq, State: info.State.String(), Orphaned: info.IsOrphaned, LastError: info.LastErr}
	if slices.Contains(delayed, info.State) {
		e.Next = info.NextProcessAt
	}
	return e
}
