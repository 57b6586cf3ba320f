package store_test

import (
	"errors"
	"testing"
	"time"

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
		t.Errorf("a receiving operation is visible: %v", err)
	}
	if due, err := f.store.DueChunks(t.Context(), 10); err != nil || len(due) != 0 {
		t.Errorf("due chunks of a receiving operation: %v, %v", due, err)
	}
	op, err := u.Seal(t.Context(), staged[2])
	if err != nil {
		t.Fatal(err)
	}
	if op.State != operation.Waiting || op.Counts.Total != 25 || op.Chunks != 3 || op.Number == 0 {
		t.Errorf("sealed as %+v", op)
	}
	byReference, err := f.store.OperationByReference(t.Context(), "tools", op.Reference)
	if err != nil || byReference.ID != op.ID {
		t.Errorf("by reference: %+v, %v", byReference, err)
	}
	if _, err := f.store.OperationByReference(t.Context(), "other", op.Reference); !fault.Is(err, fault.NotFound) {
		t.Errorf("the reference of another collection: %v", err)
	}
}

func TestNumbersFollowTheSealNotTheStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	early, late := f.upload(t, 1), f.upload(t, 1)
	for _, u := range []interface{ Started() bool }{early, late} {
		if u.Started() {
			t.Fatal("an upload begins with its first chunk")
		}
	}
	two := chunks(20, 10)
	if err := early.Stage(t.Context(), two[0]); err != nil {
		t.Fatal(err)
	}
	second, err := late.Seal(t.Context(), chunks(1, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	first, err := early.Seal(t.Context(), two[1])
	if err != nil {
		t.Fatal(err)
	}
	if first.Number <= second.Number {
		t.Errorf("sealed later, but number %d is not above %d", first.Number, second.Number)
	}
}

func TestDropTakesBackWhatWasStaged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.upload(t, 1)
	for _, c := range chunks(450, 1)[:449] { // more than two batches of deletion
		if err := u.Stage(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT (SELECT count(*) FROM xforce.tasks) + (SELECT count(*) FROM xforce.task_chunks)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	if _, err := u.Seal(t.Context(), chunks(1, 1)[0]); err == nil {
		t.Error("a dropped upload was sealed")
	}
}

func TestDropSparesTheSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 5, 2)
	if err := f.store.DropUpload(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_chunks`); n != 3 {
		t.Errorf("%d of 3 chunks are left", n)
	}
}

func TestDoomedUploadCannotBeSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.upload(t, 1)
	two := chunks(2, 1)
	if err := u.Stage(t.Context(), two[0]); err != nil {
		t.Fatal(err)
	}
	// As the janitor leaves it when it is killed after its first statement.
	if _, err := f.sql.Exec(t.Context(), `UPDATE xforce.tasks SET is_active = FALSE`); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Seal(t.Context(), two[1]); !fault.Is(err, fault.Unavailable) {
		t.Errorf("sealing a doomed upload: %v", err)
	}
}

func TestAbandonedUploadsAreThoseNobodyTouches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dead, alive := f.upload(t, 1), f.upload(t, 1)
	if err := dead.Stage(t.Context(), chunks(1, 1)[0]); err != nil {
		t.Fatal(err)
	}
	if err := alive.Stage(t.Context(), chunks(1, 1)[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := f.sql.Exec(t.Context(), `UPDATE xforce.tasks SET updated_at = now() - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	if err := alive.Touch(t.Context()); err != nil {
		t.Fatal(err)
	}
	abandoned, err := f.store.AbandonedUploads(t.Context(), time.Minute)
	if err != nil || len(abandoned) != 1 || abandoned[0] != dead.ID() {
		t.Errorf("abandoned: %v, %v; want %v", abandoned, err, dead.ID())
	}
}

func TestAnUploadThatIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.upload(t, 1)
	three := chunks(3, 1)
	if err := u.Stage(t.Context(), three[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.store.DropUpload(t.Context(), u.ID()); err != nil { // as the janitor does after an outage
		t.Fatal(err)
	}
	if err := u.Touch(t.Context()); !errors.Is(err, store.ErrUploadGone) {
		t.Errorf("touching it: %v", err)
	}
	if err := u.Stage(t.Context(), three[1]); !errors.Is(err, store.ErrUploadGone) {
		t.Errorf("staging into it: %v", err)
	}
	if _, err := u.Seal(t.Context(), three[2]); !errors.Is(err, store.ErrUploadGone) {
		t.Errorf("sealing it: %v", err)
	}
}
