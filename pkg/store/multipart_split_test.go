package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// reading is the digest of the collection by which the splits of the tests read bodies.
const reading = "1f2e"

// finished returns a finished multipart upload whose split has been attempted.
func (f fixture) finished(t *testing.T) *operation.Operation {
	t.Helper()
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "some bytes")
	op := f.finish(t, u)
	f.attempt(t, job.SplitOf(op.ID), op.Kind)
	return op
}

// splitInto returns the work of a split into n records, in chunks of the given number of rows.
func (f fixture) splitInto(n, rows int) func(context.Context, store.Checkpoint) (store.Split, error) {
	return func(ctx context.Context, checkpoint store.Checkpoint) (store.Split, error) {
		if err := f.store.BeginSplit(ctx, checkpoint.ID, reading); err != nil {
			return store.Split{}, err
		}
		staged := chunks(n, rows)
		for _, c := range staged {
			if err := f.store.StageSplit(ctx, checkpoint.ID, reading, c); err != nil {
				return store.Split{}, err
			}
		}
		return store.Split{Records: n, Chunks: len(staged)}, nil
	}
}

// stagedChunks counts the chunks of records.
func (f fixture) stagedChunks(t *testing.T) int {
	t.Helper()
	return f.count(t, `SELECT count(*) FROM xforce.task_chunks WHERE kind = 'step'`)
}

func TestRunSplitStartsImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	committed, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10))
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Next{{Due: job.Due{Kind: job.Import, Chunk: of(op, 0)}}, {Due: job.Due{Kind: job.Import, Chunk: of(op, 1)}}}
	if diff := cmp.Diff(want, committed.Next); diff != "" {
		t.Errorf("Next of RunSplit() (-want +got):\n%s", diff)
	}
	now := f.read(t, op.ID)
	if now.State != operation.Running || now.Counts.Total != 25 || now.Chunks != 3 || now.DoneChunks != 0 || now.Phase != "" {
		t.Errorf("after the split: %+v, want running with 25 records in 3 chunks", now)
	}
	for seq := range 3 {
		f.step(t, of(op, seq), operation.Created)
	}
	if now := f.read(t, op.ID); now.State != operation.Succeeded || now.Counts.Created != 25 {
		t.Errorf("at the end: %s with %d created, want succeeded with 25", now.State, now.Counts.Created)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(1, 1)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("second RunSplit() = %v, want ErrNothingDue", err)
	}
}

// TestRunSplitRestarts: a worker that dies leaves chunks; the next one stages the same chunks again
// and completes the split.
func TestRunSplitRestarts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	died := errors.New("died")
	_, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), func(ctx context.Context, checkpoint store.Checkpoint) (store.Split, error) {
		_, err := f.splitInto(20, 10)(ctx, checkpoint)
		return store.Split{}, errors.Join(err, died)
	})
	if !errors.Is(err, died) {
		t.Fatalf("RunSplit() = %v, want the error of its work", err)
	}
	due, _, err := f.store.DueChunks(t.Context(), operation.Import, 0, 10)
	if diff := cmp.Diff([]job.Due{{Kind: job.Split, Chunk: job.SplitOf(op.ID)}}, due); err != nil || diff != "" {
		t.Errorf("DueChunks() after the death = %v (-want +got):\n%s", err, diff)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10)); err != nil {
		t.Fatal(err)
	}
	if got := f.read(t, op.ID).Counts.Total; got != 25 {
		t.Errorf("Total = %d, want 25", got)
	}
	if err := f.store.StageSplit(t.Context(), op.ID, reading, chunks(40, 10)[3]); err != nil { // by a worker that is still alive
		t.Fatal(err)
	}
	if got := f.stagedChunks(t); got != 3 {
		t.Errorf("%d chunks, want 3", got)
	}
}

// stage begins a split with the digest and stages one chunk.
func (f fixture) stage(t *testing.T, op *operation.Operation, digest string, rows int) {
	t.Helper()
	if err := f.store.BeginSplit(t.Context(), op.ID, digest); err != nil {
		t.Fatal(err)
	}
	if err := f.store.StageSplit(t.Context(), op.ID, digest, chunks(rows, rows)[0]); err != nil {
		t.Fatal(err)
	}
}

// TestBeginSplitWithOtherReading: after the collection has changed, nothing that was staged by the
// old one becomes part of the import, not even from a worker that is still alive.
func TestBeginSplitWithOtherReading(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	f.stage(t, op, "old", 7)
	if err := f.store.BeginSplit(t.Context(), op.ID, reading); err != nil {
		t.Fatal(err)
	}
	if err := f.store.StageSplit(t.Context(), op.ID, "old", chunks(7, 7)[0]); err != nil {
		t.Fatal(err)
	}
	if got := f.stagedChunks(t); got != 0 {
		t.Errorf("%d chunks of the old reading, want 0", got)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10)); err != nil {
		t.Fatal(err)
	}
	if got := f.read(t, op.ID).Counts.Total; got != 25 {
		t.Errorf("Total = %d, want 25", got)
	}
}

// TestRunSplitChecksTotals: chunks that two workers cut differently must not become an import.
func TestRunSplitChecksTotals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	f.stage(t, op, reading, 7)
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10)); err == nil {
		t.Error("RunSplit() with chunks of 7 and of 10 records = nil, want an error")
	}
	if got := f.read(t, op.ID).Chunks; got != 0 {
		t.Errorf("Chunks = %d, want 0", got)
	}
}

func TestRunSplitFailsOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	committed, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID),
		func(ctx context.Context, checkpoint store.Checkpoint) (store.Split, error) {
			_, err := f.splitInto(20, 10)(ctx, checkpoint)
			return store.Split{Failure: &operation.Failure{Code: "MalformedJson", Message: "Broken."}}, err
		})
	if err != nil || committed.State != operation.Failed || committed.Next != nil {
		t.Fatalf("RunSplit() = %+v, %v, want failed and no next chunk", committed, err)
	}
	now := f.read(t, op.ID)
	if now.State != operation.Failed || now.Failure == nil || now.Failure.Code != "MalformedJson" || now.Counts != (operation.Counts{}) {
		t.Errorf("at the end: %+v, want failed as MalformedJson without counts", now)
	}
	unprocessed := 0
	count := func(int, []byte) error { unprocessed++; return nil }
	if err := f.store.Records(t.Context(), op.ID, operation.Unprocessed, count); err != nil || unprocessed != 0 {
		t.Errorf("Records() visited %d unprocessed records, %v, want 0", unprocessed, err)
	}
	f.expectCleared(t, op, 0)
}

func TestRunSplitStopsAfterCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	_, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), func(ctx context.Context, checkpoint store.Checkpoint) (store.Split, error) {
		if _, err := f.splitInto(20, 10)(ctx, checkpoint); err != nil {
			return store.Split{}, err
		}
		f.cancel(t, op)
		<-ctx.Done()
		return store.Split{}, ctx.Err()
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("RunSplit() = %v, want ErrNothingDue", err)
	}
	if err := f.store.StageSplit(t.Context(), op.ID, reading, chunks(30, 10)[2]); err != nil {
		t.Fatal(err)
	}
	if got := f.stagedChunks(t); got != 2 {
		t.Errorf("%d chunks, want the 2 from before the cancellation", got)
	}
	f.expectCleared(t, op, 0)
}

func TestClearSplitKeepsNeededParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	if err := f.store.ClearSplit(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if got, want := f.readParts(t, op.ID), "some bytes"; got != want {
		t.Errorf("parts before the split = %q, want %q", got, want)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10)); err != nil {
		t.Fatal(err)
	}
	f.expectCleared(t, op, 3)
}

// expectCleared calls ClearSplit and checks that no parts and the given number of chunks are left.
func (f fixture) expectCleared(t *testing.T, op *operation.Operation, chunks int) {
	t.Helper()
	if err := f.store.ClearSplit(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT (SELECT count(*) FROM xforce.upload_parts) + (SELECT count(*) FROM xforce.upload_pieces)`); got != 0 {
		t.Errorf("%d rows of parts are left, want 0", got)
	}
	if got := f.stagedChunks(t); got != chunks {
		t.Errorf("%d chunks are left, want %d", got, chunks)
	}
}

func TestClearableUploads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, 1, 1, 1)
	unsplit, split, ended := f.start(t, 1, 1, 1), f.start(t, 1, 1, 1), f.cancelled(t)
	for _, op := range []*operation.Operation{unsplit, split, ended} {
		f.attach(t, op)
	}
	f.exec(t, `UPDATE xforce.tasks SET total_chunks = 0 WHERE task_id = $1`, unsplit.ID)
	receiving := f.upload(t, 1)
	if err := receiving.Stage(t.Context(), chunks(2, 1)[0]); err != nil {
		t.Fatal(err)
	}
	f.attach(t, &operation.Operation{ID: receiving.ID()})
	found, err := f.store.ClearableUploads(t.Context(), maxRows)
	if want := sorted(split.ID, ended.ID); err != nil || !slices.Equal(sorted(found...), want) {
		t.Errorf("ClearableUploads() = %v, %v, want %v", found, err, want)
	}
	for _, id := range found {
		if err := f.store.ClearSplit(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := f.store.ClearableUploads(t.Context(), maxRows); err != nil || len(again) != 0 {
		t.Errorf("ClearableUploads() after ClearSplit() = %v, %v, want none", again, err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.upload_pieces`); got != 240 {
		t.Errorf("%d blocks are left, want the 240 that are needed", got)
	}
}
