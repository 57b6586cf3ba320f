package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestAccept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.seal(t, 1, 1, 1)
	draft := store.Draft{
		ID: uuid.New(), Reference: operation.NewReference(), Kind: operation.Report, Collection: "tools", Lanes: 1,
		Labels: map[string]string{"team": "data"}, Retention: time.Hour, Request: []byte(`{"format": "csv"}`), Digest: []byte("digest"),
	}
	op, err := f.store.Accept(t.Context(), draft)
	if err != nil {
		t.Fatal(err)
	}
	if op.State != operation.Waiting || op.Chunks != 1 || op.Revision != 1 || op.SealedAt.IsZero() || !op.PollDeadline.IsZero() {
		t.Errorf("Accept() = %+v, want waiting with 1 chunk, revision 1 and no poll deadline", op)
	}
	if op.Number <= before.Number {
		t.Errorf("Number = %d, want more than %d", op.Number, before.Number)
	}
	if op.ID != draft.ID || op.Retention != time.Hour || string(op.Request) != string(draft.Request) || op.Labels["team"] != "data" {
		t.Errorf("Accept() = %+v, want the values of %+v", op, draft)
	}
	due, _, err := f.store.DueChunks(t.Context(), operation.Report, 0, maxRows)
	want := []job.Due{{Kind: job.Report, Chunk: of(op, 0)}}
	if diff := cmp.Diff(want, due); err != nil || diff != "" {
		t.Errorf("DueChunks() = %v (-want +got):\n%s", err, diff)
	}
	if _, err := f.store.Accept(t.Context(), draft); !errors.Is(err, store.ErrIDTaken) {
		t.Errorf("second Accept() = %v, want ErrIDTaken", err)
	}
}

func TestAcceptSetsPollDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, time.Minute)
	if left := time.Until(op.PollDeadline); left < 50*time.Second || left > time.Minute {
		t.Errorf("PollDeadline is in %s, want a minute", left)
	}
}
