package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestBeginAttemptCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 1, 1)
	for want := 1; want <= 3; want++ {
		if got := f.attempt(t, of(op, 0), op.Kind); got.Count != want || got.Collection != "tools" {
			t.Fatalf("BeginAttempt() = %+v, want attempt %d for tools", got, want)
		}
	}
	if err := f.store.UncountAttempt(t.Context(), of(op, 0)); err != nil {
		t.Fatal(err)
	}
	if got := f.attempt(t, of(op, 0), op.Kind); got.Count != 3 {
		t.Errorf("BeginAttempt() after UncountAttempt() = %d, want 3", got.Count)
	}
}

// TestBeginAttemptOfOtherKind: an entry of a search in the queue of imports has no effect.
func TestBeginAttemptOfOtherKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, 0)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), operation.Import); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("BeginAttempt() = %v, want ErrNothingDue", err)
	}
	if got := f.read(t, op.ID).State; got != operation.Waiting {
		t.Errorf("State = %s, want waiting", got)
	}
	if got := f.count(t, `SELECT attempts FROM xforce.task_chunks`); got != 0 {
		t.Errorf("%d attempts are counted, want 0", got)
	}
}

func TestBeginAttemptReturnsRequestID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, tt := range map[string]struct{ given, want string }{
		"none": {"", ""}, "short": {"r-1", "r-1"}, "too long": {strings.Repeat("ä", 200), strings.Repeat("ä", 128)},
	} {
		draft := store.Draft{Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, RequestID: tt.given}
		op, err := f.store.Accept(t.Context(), draft)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.attempt(t, of(op, 0), operation.Search).RequestID; got != tt.want {
			t.Errorf("%s: RequestID of a search = %q, want %q", name, got, tt.want)
		}
		draft.Reference, draft.Kind = operation.NewReference(), operation.Import
		upload, err := f.store.NewUpload(draft)
		if err != nil {
			t.Fatal(err)
		}
		if op, err = upload.Seal(t.Context(), chunks(1, 1)[0]); err != nil {
			t.Fatal(err)
		}
		if got := f.attempt(t, of(op, 0), operation.Import).RequestID; got != tt.want {
			t.Errorf("%s: RequestID of an import = %q, want %q", name, got, tt.want)
		}
	}
}
