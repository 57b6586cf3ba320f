package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// finished is an upload in pieces that is to be split, in a worker's hands.
func (f fixture) finished(t *testing.T) *operation.Operation {
	t.Helper()
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "some bytes")
	op := f.mustFinish(t, p)
	if _, err := f.store.BeginAttempt(t.Context(), job.SplitOf(op.ID), op.Kind); err != nil {
		t.Fatal(err)
	}
	return op
}

// splitInto stages n records, rows of them in each chunk, and says so.
func (f fixture) splitInto(n, rows int) func(context.Context, store.Checkpoint) (store.Split, error) {
	return func(ctx context.Context, place store.Checkpoint) (store.Split, error) {
		staged := chunks(n, rows)
		for _, c := range staged {
			if err := f.store.StageSplit(ctx, place.ID, c); err != nil {
				return store.Split{}, err
			}
		}
		return store.Split{Records: n, Chunks: len(staged)}, nil
	}
}

func TestASplitBecomesAnImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	done, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10))
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Next) != 2 || done.Next[0].Chunk != of(op, 0) || done.Next[1].Chunk != of(op, 1) || done.Next[0].Kind != job.Import {
		t.Errorf("due next: %+v", done.Next)
	}
	now := f.mustRead(t, op.ID)
	if now.State != operation.Running || now.Counts.Total != 25 || now.Chunks != 3 || now.DoneChunks != 0 || now.Phase != "" {
		t.Errorf("split as %+v", now)
	}
	for seq := range 3 {
		f.mustStep(t, of(op, seq), operation.Created)
	}
	if now := f.mustRead(t, op.ID); now.State != operation.Succeeded || now.Counts.Created != 25 {
		t.Errorf("imported as %+v", now)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(1, 1)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("splitting again: %v", err)
	}
}

// A worker that dies in the middle leaves chunks; the next one stages the same and goes on.
func TestASplitIsDoneAnewAfterADeath(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	dying := errors.New("dying")
	_, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), func(ctx context.Context, place store.Checkpoint) (store.Split, error) {
		_, err := f.splitInto(20, 10)(ctx, place)
		return store.Split{}, errors.Join(err, dying)
	})
	if !errors.Is(err, dying) {
		t.Fatal(err)
	}
	if due, err := f.store.DueChunks(t.Context(), 10); err != nil || len(due) != 1 || due[0].Kind != job.Split {
		t.Errorf("due after a death: %v, %v", due, err)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10)); err != nil {
		t.Fatal(err)
	}
	if now := f.mustRead(t, op.ID); now.Counts.Total != 25 {
		t.Errorf("split as %+v", now)
	}
	if err := f.store.StageSplit(t.Context(), op.ID, chunks(40, 10)[3]); err != nil { // by one that was only believed dead
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_chunks WHERE seq >= 0`); n != 3 {
		t.Errorf("%d chunks instead of 3", n)
	}
}

// Chunks that two workers cut differently must never become an import.
func TestASplitThatDoesNotAddUpIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	if err := f.store.StageSplit(t.Context(), op.ID, chunks(7, 7)[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10)); err == nil {
		t.Error("chunks of 7 and of 10 records were taken for one body")
	}
	if now := f.mustRead(t, op.ID); now.Chunks != 0 {
		t.Errorf("split as %+v", now)
	}
}

func TestAFailedSplitImportsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	done, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), func(ctx context.Context, place store.Checkpoint) (store.Split, error) {
		_, err := f.splitInto(20, 10)(ctx, place)
		return store.Split{Failure: &operation.Failure{Code: "MalformedJson", Message: "Broken."}}, err
	})
	if err != nil || done.State != operation.Failed || done.Next != nil {
		t.Fatalf("done %+v, %v", done, err)
	}
	now := f.mustRead(t, op.ID)
	if now.State != operation.Failed || now.Failure == nil || now.Failure.Code != "MalformedJson" || now.Counts != (operation.Counts{}) {
		t.Errorf("failed as %+v", now)
	}
	unprocessed := 0
	count := func(int, []byte) error { unprocessed++; return nil }
	if err := f.store.Records(t.Context(), op.ID, operation.Unprocessed, count); err != nil || unprocessed != 0 {
		t.Errorf("%d records are unprocessed of none: %v", unprocessed, err)
	}
	f.expectCleared(t, op, 0)
}

func TestACancelledSplitStops(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	_, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), func(ctx context.Context, place store.Checkpoint) (store.Split, error) {
		if _, err := f.splitInto(20, 10)(ctx, place); err != nil {
			return store.Split{}, err
		}
		if _, err := f.store.Cancel(ctx, op.ID); err != nil {
			return store.Split{}, err
		}
		<-ctx.Done() // within moments, although the work knows nothing of it
		return store.Split{}, ctx.Err()
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("splitting a cancelled upload: %v", err)
	}
	if err := f.store.StageSplit(t.Context(), op.ID, chunks(30, 10)[2]); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_chunks WHERE seq >= 0`); n != 2 {
		t.Errorf("%d chunks instead of the 2 before it was cancelled", n)
	}
	f.expectCleared(t, op, 0)
}

func TestPartsStayUntilTheyAreSplit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	if err := f.store.ClearSplit(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if all := f.stream(t, op.ID); all != "some bytes" {
		t.Errorf("read %q before the split", all)
	}
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(25, 10)); err != nil {
		t.Fatal(err)
	}
	f.expectCleared(t, op, 3)
}

// expectCleared clears up and looks that the parts are gone and so many chunks are left.
func (f fixture) expectCleared(t *testing.T, op *operation.Operation, left int) {
	t.Helper()
	if err := f.store.ClearSplit(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT (SELECT count(*) FROM xforce.upload_parts) + (SELECT count(*) FROM xforce.upload_pieces)`); n != 0 {
		t.Errorf("%d rows of parts are left", n)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_chunks WHERE seq >= 0`); n != left {
		t.Errorf("%d chunks are left instead of %d", n, left)
	}
}
