package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// rejected creates an operation that has a rejected record of each size, in rows 1 and following.
func rejected(t *testing.T, sizes []int) (*store.Store, uuid.UUID) {
	t.Helper()
	url := storetest.NewDatabase(t)
	s, sql := storetest.Open(t, url, store.Options{Application: t.Name(), MaxConns: 2}), storetest.Connect(t, url)
	id := uuid.New()
	const (
		insertTask = `INSERT INTO xforce.tasks (task_id, task_reference, kind, status) VALUES ($1, 'R', 'import', 'receiving')`
		insertRows = `
INSERT INTO xforce.task_progress (progress_id, task_id, status, record, row_number, reasons, received)
SELECT gen_random_uuid(), $1, 'FAILED', '1', row, '[]', convert_to(repeat('x', size), 'UTF8')
FROM unnest($2::int[]) WITH ORDINALITY AS sizes (size, row)`
	)
	if _, err := sql.Exec(t.Context(), insertTask, id); err != nil {
		t.Fatal(err)
	}
	if _, err := sql.Exec(t.Context(), insertRows, id, sizes); err != nil {
		t.Fatal(err)
	}
	return s, id
}

func TestRejectionsPageLimits(t *testing.T) {
	t.Parallel()
	const full = store.RejectionsPageBytes
	s, id := rejected(t, slices.Concat(
		[]int{full + 1, 1, full - 1, 1, 2 * full, full / 2, full / 2, full / 2, full},
		slices.Repeat([]int{10}, 150),
	))
	var pages [][2]int // the first and the last row of each page
	for row := 0; ; {
		page, err := s.RejectionsAfter(t.Context(), id, row)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		row = page[len(page)-1].Row
		pages = append(pages, [2]int{page[0].Row, row})
	}
	want := [][2]int{{1, 1}, {2, 3}, {4, 4}, {5, 5}, {6, 7}, {8, 8}, {9, 9}, {10, 109}, {110, 159}}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

// TestRejectionsOfLargeRecords: three hundred large records were once read in three pages of a
// hundred.
func TestRejectionsOfLargeRecords(t *testing.T) {
	t.Parallel()
	const n = 20
	s, id := rejected(t, slices.Repeat([]int{1_000_000}, n))
	next := 1
	err := s.Rejections(t.Context(), id, 0, func(r operation.Rejection) error {
		if r.Row != next || len(r.Received) != 1_000_000 {
			t.Errorf("visit got row %d of %d bytes, want row %d of 1000000 bytes", r.Row, len(r.Received), next)
		}
		next++
		return nil
	})
	if err != nil || next != n+1 {
		t.Errorf("Rejections() visited %d records, %v, want %d", next-1, err, n)
	}
	page, err := s.RejectionsAfter(t.Context(), id, 0)
	if err != nil || len(page) != 1 {
		t.Errorf("rejectionsAfter() = %d records, %v, want 1", len(page), err)
	}
}
