package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/job"
)

// refusal is an error of Postgres' that quotes a client's data.
type refusal struct{}

// Error tells too much.
func (refusal) Error() string { return `ERROR: invalid input syntax for type date: "hush"` }

// SQLState tells the code.
func (refusal) SQLState() string { return "22007" }

// TestRedisIsToldCodesOnly: what is kept of an error quotes nothing that a client has sent; the log has all of it, but of what was told already.
func TestRedisIsToldCodesOnly(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	var said bytes.Buffer
	inDetail := fmt.Errorf("loading: %w", refusal{})
	answers := []func() error{
		func() error {
			return &queue.RetryAfterError{Delay: time.Hour, Reason: "attempt 1 of 8 failed", Err: inDetail}
		},
		func() error { return &queue.RetryAfterError{Delay: time.Hour, Reason: "not now", Err: errors.New("hush")} },
		func() error { return &queue.RetryAfterError{Delay: time.Hour, Err: errors.New("hush")} },
		func() error { return &queue.ArchiveError{Code: "ChunkAbandoned", Err: inDetail} },
		func() error { return &queue.ArchiveError{Code: "InvalidQuery"} },
		func() error { panic("hush") },
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- queue.Serve(ctx, r.Queue, slog.New(slog.NewTextHandler(&said, nil)), queue.ServerOptions{
			Queue: job.QueueImports, Concurrency: 1, PollInterval: time.Millisecond, Grace: time.Minute,
		}, map[job.Kind]queue.Handler{job.Import: func(_ context.Context, c job.Chunk) error { return answers[c.Seq]() }})
	}()
	id := uuid.New()
	for seq := range answers {
		mustDispatch(t, queue.NewDispatcher(r.Queue), job.Chunk{OperationID: id, Seq: seq}, queue.FirstDispatch)
	}
	want := map[int]string{
		0: "attempt 1 of 8 failed (SQLSTATE 22007)", 1: "not now", 2: "it failed, the worker's log tells why",
		3: "ChunkAbandoned (SQLSTATE 22007)", 4: "InvalidQuery", 5: "it failed, the worker's log tells why",
	}
	kept := keptErrors(t, r, id, len(want))
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("Redis keeps (-want +got):\n%s", diff)
	}
	if told := strings.Count(said.String(), "tried again"); told < 4 || strings.Count(said.String(), "hush") < told || !strings.Contains(said.String(), "panic: hush") || strings.Count(said.String(), "level=ERROR") == 0 {
		t.Errorf("the log lacks something:\n%s", &said)
	}
}

// keptErrors waits until so many entries of the operation are kept with an error, by their place in it.
func keptErrors(t *testing.T, r queuetest.Redis, id uuid.UUID, n int) map[int]string {
	t.Helper()
	looks := time.NewTicker(5 * time.Millisecond)
	defer looks.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-looks.C {
		found, err := queue.NewInspector(r.Queue).Find(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		kept := make(map[int]string)
		for _, entry := range found.Entries {
			if entry.LastError != "" {
				kept[entry.Chunk] = entry.LastError
			}
		}
		if len(kept) >= n || time.Now().After(deadline) {
			return kept
		}
	}
}
