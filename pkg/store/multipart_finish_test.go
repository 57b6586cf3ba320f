package store_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

func TestFinishMultipartNeedsAllParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	expect := func(expected int, code string, missing ...int) {
		t.Helper()
		_, err := f.store.FinishMultipart(t.Context(), u.ID, expected)
		got := fault.Of(err)
		if got.Kind != fault.Conflict || got.Code != code {
			t.Errorf("FinishMultipart(%d) = %v, want the fault %s", expected, err, code)
		}
		if missing != nil {
			if diff := cmp.Diff(missing, got.Details["missing"]); diff != "" {
				t.Errorf("missing parts of FinishMultipart(%d) (-want +got):\n%s", expected, diff)
			}
		}
	}
	expect(0, "upload-incomplete", 1)
	f.mustPut(t, u, 5, "x")
	f.mustPut(t, u, 2, "x")
	expect(0, "upload-incomplete", 1, 3, 4)
	for _, n := range []int{1, 3, 4} {
		f.mustPut(t, u, n, "x")
	}
	expect(7, "upload-incomplete", 6, 7)
	expect(4, "too-many-parts")
	op, err := f.store.FinishMultipart(t.Context(), u.ID, 5)
	if err != nil || op.State != operation.Waiting || op.Counts.Total != 0 || op.Chunks != 0 || op.Phase == "" {
		t.Fatalf("FinishMultipart() = %+v, %v, want waiting in a phase, without records and chunks", op, err)
	}
	again, err := f.store.FinishMultipart(t.Context(), u.ID, 0)
	if err != nil || again.Number != op.Number {
		t.Errorf("second FinishMultipart() = %+v, %v, want number %d", again, err, op.Number)
	}
	due, _, err := f.store.DueChunks(t.Context(), operation.Import, 0, 10)
	want := []job.Due{{Kind: job.Split, Chunk: of(op, -1)}} // the number by which earlier releases recognize a split
	if diff := cmp.Diff(want, due); err != nil || diff != "" {
		t.Errorf("DueChunks() = %v (-want +got):\n%s", err, diff)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_chunks WHERE kind = 'split' AND seq = -1`); got != 1 {
		t.Errorf("%d chunks of kind split, want 1", got)
	}
}

func TestFinishMultipartListsFirstMissingParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "x")
	_, err := f.store.FinishMultipart(t.Context(), u.ID, 1_000_000_000)
	details := fault.Of(err).Details
	missing, _ := details["missing"].([]int)
	if len(missing) != 100 || missing[0] != 2 {
		t.Errorf("%d parts are listed, want 100 from part 2 on", len(missing))
	}
	if got := details["missing_count"]; got != 999_999_999 {
		t.Errorf("missing_count = %v, want 999999999", got)
	}
}

// TestFinishMultipartConcurrently: all callers get the same operation.
func TestFinishMultipartConcurrently(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "x")
	numbers := make(chan int64, 8)
	var callers sync.WaitGroup
	for range cap(numbers) {
		callers.Go(func() {
			op, err := f.store.FinishMultipart(t.Context(), u.ID, 0)
			if err != nil {
				t.Errorf("FinishMultipart() = %v, want nil", err)
				return
			}
			numbers <- op.Number
		})
	}
	callers.Wait()
	close(numbers)
	want := <-numbers
	for got := range numbers {
		if got != want {
			t.Errorf("Number = %d, want %d", got, want)
		}
	}
}
