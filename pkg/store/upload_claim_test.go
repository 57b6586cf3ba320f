package store_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// claimant is an upload with an id that its client chose.
func (f fixture) claimant(t *testing.T, id uuid.UUID) *store.Upload {
	t.Helper()
	u, err := f.store.NewUpload(store.Draft{ID: id, Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAClaimedIDIsTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.New()
	first, second := f.claimant(t, id), f.claimant(t, id)
	if err := first.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Claim(t.Context()); !errors.Is(err, store.ErrIDTaken) {
		t.Errorf("claiming it again: %v", err)
	}
	if err := second.Drop(t.Context()); err != nil { // as whoever does not know if the claim went through
		t.Fatal(err)
	}
	first.SetDigest([]byte("what it is"))
	op, err := first.Seal(t.Context(), chunks(1, 1)[0])
	if err != nil {
		t.Fatalf("the first was dropped by the second: %v", err)
	}
	if op.ID != id || !bytes.Equal(op.PayloadDigest, []byte("what it is")) {
		t.Errorf("sealed as %+v", op)
	}
	if err := second.Claim(t.Context()); !errors.Is(err, store.ErrIDTaken) {
		t.Errorf("claiming it after the seal: %v", err)
	}
}

// One that stood still, was dropped and comes to life again must not write into the upload that has its id now.
func TestADroppedUploadDoesNotMeddleWithItsSuccessor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.New()
	three := chunks(3, 1)
	ghost, successor := f.claimant(t, id), f.claimant(t, id)
	if err := ghost.Stage(t.Context(), three[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.store.DropUpload(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := successor.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"staging":  ghost.Stage(t.Context(), three[1]),
		"touching": ghost.Touch(t.Context()),
	} {
		if !errors.Is(err, store.ErrUploadGone) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := ghost.Seal(t.Context(), three[2]); !errors.Is(err, store.ErrUploadGone) {
		t.Errorf("sealing: %v", err)
	}
	if err := ghost.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if op, err := successor.Seal(t.Context(), three[0]); err != nil || op.Counts.Total != 1 {
		t.Errorf("the successor: %+v, %v", op, err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_chunks`); n != 1 {
		t.Errorf("%d chunks instead of 1", n)
	}
}
