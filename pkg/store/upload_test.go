package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestUploadIsInvisibleUntilSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.upload(t, 4)
	staged := chunks(25, 10)
	for _, c := range staged[:2] {
		if err := u.Stage(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.store.Operation(t.Context(), u.ID()); !fault.Is(err, fault.NotFound) {
		t.Errorf("Operation() before Seal() = %v, want a fault of kind NotFound", err)
	}
	if due, _, err := f.store.DueChunks(t.Context(), operation.Import, 0, 10); err != nil || len(due) != 0 {
		t.Errorf("DueChunks() before Seal() = %v, %v, want none", due, err)
	}
	op, err := u.Seal(t.Context(), staged[2])
	if err != nil {
		t.Fatal(err)
	}
	if op.State != operation.Waiting || op.Counts.Total != 25 || op.Chunks != 3 || op.Number == 0 {
		t.Errorf("Seal() = %+v, want waiting with 25 records in 3 chunks and a number", op)
	}
}

func TestSealAssignsNumberInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	early, late := f.upload(t, 1), f.upload(t, 1)
	if early.Started() {
		t.Error("Started() before the first chunk = true, want false")
	}
	two := chunks(20, 10)
	if err := early.Stage(t.Context(), two[0]); err != nil {
		t.Fatal(err)
	}
	if !early.Started() {
		t.Error("Started() after the first chunk = false, want true")
	}
	first, err := late.Seal(t.Context(), chunks(1, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	second, err := early.Seal(t.Context(), two[1])
	if err != nil {
		t.Fatal(err)
	}
	if second.Number <= first.Number {
		t.Errorf("Number of the second Seal() = %d, want more than %d", second.Number, first.Number)
	}
}

func TestDropUpload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.upload(t, 1)
	for _, c := range chunks(450, 1)[:449] { // more than two batches of a deletion
		if err := u.Stage(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.task_chunks)`); got != 0 {
		t.Errorf("%d rows are left, want 0", got)
	}
	if _, err := u.Seal(t.Context(), chunks(1, 1)[0]); err == nil {
		t.Error("Seal() after Drop() = nil, want an error")
	}
}

func TestDropUploadKeepsSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 5, 2)
	if err := f.store.DropUpload(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_chunks`); got != 3 {
		t.Errorf("%d chunks are left, want 3", got)
	}
}

// TestSealAfterInterruptedDrop: a janitor that is killed after its first statement leaves the mark
// of a dropped upload.
func TestSealAfterInterruptedDrop(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.upload(t, 1)
	two := chunks(2, 1)
	if err := u.Stage(t.Context(), two[0]); err != nil {
		t.Fatal(err)
	}
	f.exec(t, `UPDATE xforce.tasks SET is_active = FALSE`)
	if _, err := u.Seal(t.Context(), two[1]); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Seal() = %v, want a fault of kind Unavailable", err)
	}
}

func TestAbandonedUploads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dead, alive := f.upload(t, 1), f.upload(t, 1)
	for _, u := range []*store.Upload{dead, alive} {
		if err := u.Stage(t.Context(), chunks(1, 1)[0]); err != nil {
			t.Fatal(err)
		}
	}
	f.exec(t, `UPDATE xforce.tasks SET updated_at = now() - interval '1 hour'`)
	if err := alive.Touch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := f.store.AbandonedUploads(t.Context(), time.Minute); err != nil || !slices.Equal(got, []uuid.UUID{dead.ID()}) {
		t.Errorf("AbandonedUploads() = %v, %v, want %v", got, err, dead.ID())
	}
}

// TestUploadDroppedByJanitor: an api that was away for long finds its upload dropped.
func TestUploadDroppedByJanitor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.upload(t, 1)
	three := chunks(3, 1)
	if err := u.Stage(t.Context(), three[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.store.DropUpload(t.Context(), u.ID()); err != nil {
		t.Fatal(err)
	}
	if err := u.Touch(t.Context()); !errors.Is(err, store.ErrUploadGone) {
		t.Errorf("Touch() = %v, want ErrUploadGone", err)
	}
	if err := u.Stage(t.Context(), three[1]); !errors.Is(err, store.ErrUploadGone) {
		t.Errorf("Stage() = %v, want ErrUploadGone", err)
	}
	if _, err := u.Seal(t.Context(), three[2]); !errors.Is(err, store.ErrUploadGone) {
		t.Errorf("Seal() = %v, want ErrUploadGone", err)
	}
}
