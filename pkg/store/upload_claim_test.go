package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
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

// TestClaimOfDeadUpload: a client repeats its request after the process that received the first one has
// died. The second gets the id, and the first can write nothing any more, should it only stand still.
func TestClaimOfDeadUpload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		// untouched is an interval of Postgres.
		untouched string
		want      error
	}{
		"alive": {"5 seconds", store.ErrIDTaken},
		"dead":  {"13 seconds", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			id := uuid.New()
			first, second := f.uploadWithID(t, id), f.uploadWithID(t, id)
			if err := errors.Join(first.Claim(t.Context()), first.Stage(t.Context(), chunks(3, 1)[0])); err != nil {
				t.Fatal(err)
			}
			storetest.Exec(t, f.sql, `UPDATE xforce.tasks SET updated_at = updated_at - $2::interval WHERE task_id = $1`, id, tt.untouched)
			if err := second.Claim(t.Context()); !errors.Is(err, tt.want) {
				t.Fatalf("Claim() of the second upload = %v, want %v", err, tt.want)
			}
			loser, winner := first, second
			if tt.want != nil {
				loser, winner = second, first
			}
			if err := loser.Touch(t.Context()); !errors.Is(err, store.ErrUploadGone) {
				t.Errorf("Touch() of the other upload = %v, want ErrUploadGone", err)
			}
			if err := loser.Drop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := winner.Touch(t.Context()); err != nil {
				t.Errorf("Touch() of the upload that has the id = %v, want nil", err)
			}
			if tt.want != nil {
				return
			}
			if _, err := first.Seal(t.Context(), chunks(3, 1)[1]); !errors.Is(err, store.ErrUploadGone) {
				t.Errorf("Seal() of the first upload = %v, want ErrUploadGone", err)
			}
			if op, err := second.Seal(t.Context(), chunks(1, 1)[0]); err != nil || op.Counts.Total != 1 {
				t.Errorf("Seal() of the second upload = %+v, %v, want its one record", op, err)
			}
		})
	}
}

// TestClaimsOfDeadUpload: several repetitions at the same time; one gets the id.
func TestClaimsOfDeadUpload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.New()
	if err := f.uploadWithID(t, id).Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, f.sql, `UPDATE xforce.tasks SET updated_at = updated_at - interval '1 minute' WHERE task_id = $1`, id)
	const n = 8
	results := make(chan error, n)
	for range n {
		u := f.uploadWithID(t, id)
		go func() { results <- u.Claim(t.Context()) }()
	}
	claimed := 0
	for range n {
		if err := <-results; err == nil {
			claimed++
		} else if !errors.Is(err, store.ErrIDTaken) {
			t.Errorf("Claim() = %v, want nil or ErrIDTaken", err)
		}
	}
	if claimed != 1 {
		t.Errorf("%d uploads have the id, want 1", claimed)
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

// TestTouchEvery: an upload whose id the client chose is touched often enough not to be taken over.
func TestTouchEvery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, tt := range map[string]struct {
		id   uuid.UUID
		want time.Duration
	}{
		"id of the client": {uuid.New(), 3 * time.Second},
		"no id":            {uuid.Nil, 10 * time.Second},
	} {
		if got := f.uploadWithID(t, tt.id).TouchEvery(); got != tt.want {
			t.Errorf("%s: TouchEvery() = %s, want %s", name, got, tt.want)
		}
	}
}
