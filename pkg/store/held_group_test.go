package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// importsOf accepts imports of an owner with one chunk of the number of rows each.
func (f fixture) importsOf(t *testing.T, owner, collection string, n, rows int) (ids []uuid.UUID) {
	t.Helper()
	for range n {
		upload, err := f.store.NewUpload(store.Draft{
			Reference: operation.NewReference(), Kind: operation.Import, Collection: collection, Lanes: 8, Owner: owner,
		})
		if err != nil {
			t.Fatal(err)
		}
		op, err := upload.Seal(t.Context(), chunks(rows, rows)[0])
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, op.ID)
	}
	return ids
}

// TestReleaseTogether releases held imports of one chunk: a quarter of the near ones in an entry, with no more than 5,000
// records, and only those into the same collection.
func TestReleaseTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tools := f.importsOf(t, "many", "tools", 5, 2000)
	books := f.importsOf(t, "many", "books", 1, 1)
	more := f.importsOf(t, "many", "tools", 14, 2000)
	for _, id := range append(append(tools, books...), more...) {
		f.exec(t, `INSERT INTO xforce.held_chunks (owner, kind, task_id, seq) VALUES ('many', 'import:chunk', $1, 0)`, id)
	}
	for i, want := range []store.Next{
		{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: tools[0]}}, Whole: true, More: tools[1:2]},
		{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: tools[2]}}, Whole: true, More: tools[3:4]},
		{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: tools[4]}}, Whole: true, More: more[:1]},
		{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: books[0]}}, Whole: true},
		{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: more[1]}}, Whole: true, More: more[2:3]},
	} {
		got, err := f.store.Release(t.Context(), "many", job.Import, nil)
		if diff := cmp.Diff([]store.Next{want}, got); err != nil || diff != "" {
			t.Errorf("Release() %d error %v (-want +got):\n%s", i, err, diff)
		}
	}
}

// TestHoldSmallImports holds an entry of imports as a whole once the share is used up. A small import counts as a part of
// an entry.
func TestHoldSmallImports(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	share := store.Share{Owner: "many", Kind: job.Import, Limit: 1}
	small := f.importsOf(t, "many", "tools", 25, 1)
	if held, room, err := f.store.Hold(t.Context(), share, job.WholeImports(small[24])); err != nil || held || room < -0.97 || room > -0.95 {
		t.Errorf("Hold() behind 24 small imports = %t, %v, %v, want false and -0.96", held, room, err)
	}
	last := f.importsOf(t, "many", "tools", 2, 1)
	if held, _, err := f.store.Hold(t.Context(), share, job.WholeImports(last...)); err != nil || !held {
		t.Errorf("Hold() behind 25 small imports = %t, %v, want true", held, err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.held_chunks`); got != 2 {
		t.Errorf("%d chunks are held, want 2", got)
	}
}
