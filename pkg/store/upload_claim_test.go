package store_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// uploadWithID prepares an upload with an id that its client chose.
func (f fixture) uploadWithID(t *testing.T, id uuid.UUID) *store.Upload {
	t.Helper()
	u, err := f.store.NewUpload(store.Draft{
		ID: id, Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools",
		Lanes: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestClaimTakenID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.New()
	first, second := f.uploadWithID(t, id), f.uploadWithID(t, id)
	if err := first.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Claim(t.Context()); !errors.Is(err, store.ErrIDTaken) {
		t.Errorf("second Claim() = %v, want ErrIDTaken", err)
	}
	if err := second.Drop(t.Context()); err != nil { // as after a claim whose result is unknown
		t.Fatal(err)
	}
	first.SetDigest([]byte("the digest"))
	op, err := first.Seal(t.Context(), chunks(1, 1)[0])
	if err != nil {
		t.Fatalf("Seal() of the first upload = %v, want nil", err)
	}
	if op.ID != id || string(op.PayloadDigest) != "the digest" {
		t.Errorf("Seal() = %s with the digest %q, want %s with the digest", op.ID, op.PayloadDigest, id)
	}
	if err := second.Claim(t.Context()); !errors.Is(err, store.ErrIDTaken) {
		t.Errorf("Claim() after Seal() = %v, want ErrIDTaken", err)
	}
}

// TestDroppedUploadKeepsSuccessor: an upload that was dropped must not write into a later one with
// the same id.
func TestDroppedUploadKeepsSuccessor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.New()
	three := chunks(3, 1)
	dropped, successor := f.uploadWithID(t, id), f.uploadWithID(t, id)
	if err := dropped.Stage(t.Context(), three[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.store.DropUpload(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := successor.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, sealErr := dropped.Seal(t.Context(), three[2])
	for method, err := range map[string]error{
		"Stage": dropped.Stage(t.Context(), three[1]), "Touch": dropped.Touch(t.Context()), "Seal": sealErr,
	} {
		if !errors.Is(err, store.ErrUploadGone) {
			t.Errorf("%s() of the dropped upload = %v, want ErrUploadGone", method, err)
		}
	}
	if err := dropped.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if op, err := successor.Seal(t.Context(), three[0]); err != nil || op.Counts.Total != 1 {
		t.Errorf("Seal() of the successor = %+v, %v, want 1 record", op, err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_chunks`); got != 1 {
		t.Errorf("%d chunks, want 1", got)
	}
}
