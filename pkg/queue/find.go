package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// FindLimit is the maximum number of entries that Find reads of one queue in one state. asynq has
// no index of entries by operation.
const FindLimit = 10 * pageSize

// Entry is a queue entry of an operation.
type Entry struct {
	// Queue and ID identify the entry for asynq and its tools. Queue includes the prefix of the
	// installation.
	Queue, ID string
	// Chunk is the number of the chunk in its operation.
	Chunk int
	// State is asynq's: active, pending, scheduled, retry, archived or completed.
	State string
	// Orphaned reports that the worker of an active entry has stopped sending heartbeats.
	Orphaned bool
	// LastError is the reason of the last retry or, if archived, the operation's error code. It
	// quotes no client data (see storedError). It is empty before the first retry.
	LastError string
	// TraceID is the id of the trace in which the entry was dispatched; empty if there is none.
	TraceID string
	// Next is when a scheduled entry or a retry is due; zero in other states.
	Next time.Time
}

// FindResult is the result of Find.
type FindResult struct {
	Entries []Entry
	// Truncated names the lists, such as "imports, archived", that contain more than FindLimit
	// entries. Entries of the operation beyond the limit are missing.
	Truncated []string
}

// Find returns the entries of an operation in all queues and states. Entries change state
// meanwhile, so the result is for people and not a base for decisions. It returns the error of ctx,
// or that of a Redis that does not answer.
func (i *Inspector) Find(ctx context.Context, operation uuid.UUID) (FindResult, error) {
	lists := []struct {
		state asynq.TaskState
		list  lister
	}{
		{asynq.TaskStateActive, i.inspector.ListActiveTasks},
		{asynq.TaskStatePending, i.inspector.ListPendingTasks},
		{asynq.TaskStateScheduled, i.inspector.ListScheduledTasks},
		{asynq.TaskStateRetry, i.inspector.ListRetryTasks},
		{asynq.TaskStateArchived, i.inspector.ListArchivedTasks},
		{asynq.TaskStateCompleted, i.inspector.ListCompletedTasks},
	}
	var result FindResult
	for _, name := range job.Queues() {
		for _, l := range lists {
			truncated, err := l.list.each(ctx, i.redis.nameOf(name), FindLimit, func(info *asynq.TaskInfo) {
				e, err := job.DecodeEntry(info.Payload)
				if err != nil {
					return
				}
				for _, c := range e.Chunks() {
					if c.OperationID == operation {
						result.Entries = append(result.Entries, entryOf(c, info))
					}
				}
			})
			if err != nil {
				return FindResult{}, fmt.Errorf("searching queue %s: %w", name, err)
			}
			if truncated {
				result.Truncated = append(result.Truncated, i.redis.nameOf(name)+", "+l.state.String())
			}
		}
	}
	return result, nil
}

// delayedStates are the states of entries that are due at a later time.
var delayedStates = []asynq.TaskState{asynq.TaskStateScheduled, asynq.TaskStateRetry}

func entryOf(c job.Chunk, info *asynq.TaskInfo) Entry {
	e := Entry{
		Queue: info.Queue, ID: info.ID, Chunk: c.Seq, State: info.State.String(), Orphaned: info.IsOrphaned, LastError: info.LastErr,
		TraceID: tracing.IDOf(info.Headers[tracing.Header]),
	}
	if slices.Contains(delayedStates, info.State) {
		e.Next = info.NextProcessAt
	}
	return e
}
