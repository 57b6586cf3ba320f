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

func TestAcceptedIsWaitingAndDue(t *testing.T) {
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
	if op.State != operation.Waiting || op.Number <= before.Number || op.Chunks != 1 || op.Revision != 1 || op.SealedAt.IsZero() || !op.PollDeadline.IsZero() {
		t.Errorf("accepted as %+v", op)
	}
	if op.ID != draft.ID || op.Retention != time.Hour || string(op.Request) != string(draft.Request) || op.Labels["team"] != "data" {
		t.Errorf("accepted as %+v", op)
	}
	due, err := f.store.DueChunks(t.Context(), plenty)
	want := []job.Due{{Kind: job.Import, Chunk: of(before, 0)}, {Kind: job.Report, Chunk: of(op, 0)}}
	if err != nil || !cmp.Equal(want, due, cmp.Transformer("sorted", func(all []job.Due) map[job.Due]bool {
		set := make(map[job.Due]bool)
		for _, one := range all {
			set[one] = true
		}
		return set
	})) {
		t.Errorf("due: %v, %v; want %v", due, err, want)
	}
	if _, err := f.store.Accept(t.Context(), draft); !errors.Is(err, store.ErrIDTaken) {
		t.Errorf("the same id again: %v", err)
	}
}

func TestAcceptedMustBeAskedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, time.Minute)
	if left := time.Until(op.PollDeadline); left < 50*time.Second || left > time.Minute {
		t.Errorf("somebody must ask within %s", left)
	}
}

// TestAnUploadToSplitIsDueAsThat: as long as it is not split, an upload in pieces has one chunk that is due, and its others are not.
func TestAnUploadToSplitIsDueAsThat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 2, 4, 1)
	f.exec(t, `UPDATE xforce.tasks SET total_chunks = 0, total_records = 0`)
	f.exec(t, `INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload) VALUES ($1, $2, 1, 0, '')`, op.ID, job.SplitOf(op.ID).Seq)
	expect := func(want ...job.Due) {
		t.Helper()
		due, err := f.store.DueChunks(t.Context(), plenty)
		if diff := cmp.Diff(want, due); err != nil || diff != "" {
			t.Errorf("%v, due (-want +got):\n%s", err, diff)
		}
	}
	expect(job.Due{Kind: job.Split, Chunk: job.SplitOf(op.ID)})
	f.exec(t, `UPDATE xforce.tasks SET total_chunks = 4, total_records = 4`)
	f.exec(t, `UPDATE xforce.task_chunks SET state = 'done' WHERE seq < 0`)
	expect(job.Due{Kind: job.Import, Chunk: of(op, 0)}, job.Due{Kind: job.Import, Chunk: of(op, 1)})
}
