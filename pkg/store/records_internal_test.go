package store

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// rejected is an operation with one rejected record of each size, in rows 1 and following.
func rejected(t *testing.T, sizes []int) (*Store, uuid.UUID) {
	t.Helper()
	s, err := Open(t.Context(), storetest.NewDatabase(t), Options{Application: t.Name(), MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	id := uuid.New()
	const (
		task = `INSERT INTO xforce.tasks (task_id, task_reference, kind, status) VALUES ($1, 'R', 'import', 'receiving')`
		rows = `
INSERT INTO xforce.task_progress (progress_id, task_id, status, record, row_number, reasons, received)
SELECT gen_random_uuid(), $1, 'FAILED', '1', row, '[]', convert_to(repeat('x', size), 'UTF8')
FROM unnest($2::int[]) WITH ORDINALITY AS sizes (size, row)`
	)
	if _, err := s.pool.Exec(t.Context(), task, id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(t.Context(), rows, id, sizes); err != nil {
		t.Fatal(err)
	}
	return s, id
}

func TestAPageOfRejectionsIsBoundedByNumberAndBytes(t *testing.T) {
	t.Parallel()
	const whole = rejectionsPageBytes
	s, id := rejected(t, slices.Concat(
		[]int{whole + 1, 1, whole - 1, 1, 2 * whole, whole / 2, whole / 2, whole / 2, whole},
		slices.Repeat([]int{10}, 150),
	))
	var pages [][2]int // the first and the last row of each page
	for row := 0; ; {
		page, err := s.rejectionsAfter(t.Context(), id, row, rejectionsPage)
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

// Three hundred large records once came in three pages of a hundred.
func TestLargeRejectionsComeOneByOne(t *testing.T) {
	t.Parallel()
	s, id := rejected(t, slices.Repeat([]int{1_000_000}, 300))
	next := 1
	err := s.Rejections(t.Context(), id, 0, func(r operation.Rejection) error {
		if r.Row != next || len(r.Received) != 1_000_000 {
			t.Errorf("at place %d: row %d of %d bytes", next, r.Row, len(r.Received))
		}
		next++
		return nil
	})
	if err != nil || next != 301 {
		t.Errorf("%d rejections, %v", next-1, err)
	}
	page, err := s.rejectionsAfter(t.Context(), id, 0, rejectionsPage)
	if err != nil || len(page) != 1 {
		t.Errorf("a page holds %d of them, %v", len(page), err)
	}
}
