package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

// postgresError is an error of Postgres that quotes client data.
type postgresError struct{}

// Error quotes client data.
func (postgresError) Error() string { return `ERROR: invalid input syntax for type date: "hush"` }

// SQLState returns the code.
func (postgresError) SQLState() string { return "22007" }

// TestServeStoresNoClientData checks that Redis stores codes and reasons only, and that the log
// contains the whole error except where the handler has logged it already.
func TestServeStoresNoClientData(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	var log bytes.Buffer
	quoting := fmt.Errorf("loading: %w", postgresError{})
	cases := []struct {
		handle func() error
		want   string
	}{
		{func() error {
			return &queue.RetryAfterError{Delay: time.Hour, Reason: "attempt 1 of 8 failed", Err: quoting}
		}, "attempt 1 of 8 failed (SQLSTATE 22007)"},
		{func() error {
			return &queue.RetryAfterError{Delay: time.Hour, Reason: "not now", Err: errors.New("hush")}
		}, "not now"},
		{func() error { return &queue.RetryAfterError{Delay: time.Hour, Err: errors.New("hush")} }, "failed; see the worker's log"},
		{func() error { return &queue.ArchiveError{Code: "ChunkAbandoned", Err: quoting} }, "ChunkAbandoned (SQLSTATE 22007)"},
		{func() error { return &queue.ArchiveError{Code: "InvalidQuery"} }, "InvalidQuery"},
		{func() error { panic("hush") }, "failed; see the worker's log"},
	}
	stop := serve(t, r, &log, func(_ context.Context, e job.Entry) error { return cases[e.Seq].handle() })
	id := uuid.New()
	want := make(map[int]string)
	for seq, tt := range cases {
		mustDispatch(t, queue.NewDispatcher(r.Queue), job.Chunk{OperationID: id, Seq: seq}, queue.FirstDispatch)
		want[seq] = tt.want
	}
	got := storedErrors(t, r, id, len(want))
	stop()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored errors by chunk (-want +got):\n%s", diff)
	}
	if n := strings.Count(log.String(), "will retry"); n < 4 {
		t.Errorf("retries logged = %d, want at least 4:\n%s", n, &log)
	} else if whole := strings.Count(log.String(), "hush"); whole < n {
		t.Errorf("whole errors logged = %d, want at least %d:\n%s", whole, n, &log)
	}
	if !strings.Contains(log.String(), "panic: hush") || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the panic is not logged as an error:\n%s", &log)
	}
}

// storedErrors waits until n entries of the operation have a stored error, and returns these by
// chunk.
func storedErrors(t *testing.T, r queuetest.Redis, id uuid.UUID, n int) map[int]string {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-poll.C {
		stored := make(map[int]string)
		for _, entry := range find(t, r, id).Entries {
			if entry.LastError != "" {
				stored[entry.Chunk] = entry.LastError
			}
		}
		if len(stored) >= n || time.Now().After(deadline) {
			return stored
		}
	}
}
