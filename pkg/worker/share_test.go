package worker_test

import (
	"errors"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
)

// searchOf accepts a search of an owner and returns its only chunk.
func (f *fixture) searchOf(t *testing.T, owner string) job.Chunk {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, Owner: owner,
	})
	if err != nil {
		t.Fatal(err)
	}
	return job.Chunk{OperationID: op.ID}
}

// TestProcessChunkQueuesHeld ends a step of an owner whose second search is held. A committed step puts
// the second one into the queue, and so does a failed operation. A chunk that must wait for something
// outside of it gives its place to the second one, which is not processed before the retry would have been.
func TestProcessChunkQueuesHeld(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		process  worker.Process
		list     string
		held     bool // whether the first chunk is held afterwards
		archived bool
	}{
		"a step is committed":     {nil, "pending", true, false},
		"the operation fails":     {failing(&worker.ClientError{Failure: operation.Failure{Code: "Bad", Message: "Bad."}}), "pending", false, true},
		"the worker is not ready": {failing(worker.ErrNotReady), "scheduled", true, false},
		"records await parents":   {failing(&store.AwaitingError{After: time.Minute}), "scheduled", true, false},
		"the operation is over":   {failing(store.ErrNothingDue), "pending", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			first, second := f.searchOf(t, "many"), f.searchOf(t, "many")
			held, _, err := f.store.Hold(t.Context(), store.Share{Owner: "many", Kind: job.Search, Limit: 1}, job.Entry{Chunk: second})
			if err != nil || !held {
				t.Fatalf("Hold() = %t, %v, want true", held, err)
			}
			process := tt.process
			if process == nil {
				process = f.committing(store.Progress{})
			}
			if err = f.worker(t, process).ProcessChunk(t.Context(), first); (err != nil) != tt.archived {
				t.Errorf("ProcessChunk() = %v, want an error: %t", err, tt.archived)
			}
			id := second.String() + ".0"
			if got := f.redis.Client.HGet(t.Context(), "asynq:{searches}:t:"+id, "state").Val(); got != tt.list {
				t.Errorf("the state of the second search's entry is %q, want %q", got, tt.list)
			}
			due, _, err := f.store.DueChunks(t.Context(), operation.Search, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range due {
				if one.Chunk == first && tt.held {
					t.Error("the first search is due, want it to be held")
				}
			}
		})
	}
}

// TestProcessChunkRetriesWithoutHeld: an entry gives way only if something is held.
func TestProcessChunkRetriesWithoutHeld(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	chunk := f.searchOf(t, "one")
	if err := f.worker(t, failing(worker.ErrNotReady)).ProcessChunk(t.Context(), chunk); !errors.Is(err, worker.ErrNotReady) {
		t.Errorf("ProcessChunk() = %v, want a retry", err)
	}
}
