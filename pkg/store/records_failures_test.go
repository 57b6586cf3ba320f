package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// rejecting creates an import whose rows are all rejected for the given reasons.
func (f fixture) rejecting(t *testing.T, rows int, reasons func(row int) []operation.Reason) *operation.Operation {
	t.Helper()
	op := f.start(t, 1, rows, rows)
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(_ context.Context, s *store.Step) (store.Effect, error) {
		var effect store.Effect
		for n := range s.Rows {
			row := s.FirstRow + n
			effect.Outcomes = append(effect.Outcomes, operation.Rejected)
			effect.Rejections = append(effect.Rejections,
				operation.Rejection{Row: row, Received: fmt.Appendf(nil, "\xffrecord %d", row), Reasons: reasons(row)})
		}
		return effect, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestGroupFailures(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	early := f.rejecting(t, 3, func(row int) []operation.Reason {
		return []operation.Reason{
			{Pointer: fmt.Sprintf("/list/%d", row), Code: "short", Message: fmt.Sprintf("early %d", row)},
			{Pointer: fmt.Sprintf("/list/%d/7", row), Code: "short", Message: "nested"},
		}
	})
	late := f.rejecting(t, 5, func(row int) []operation.Reason {
		if row == 1 {
			return []operation.Reason{{Pointer: "/a7", Code: "type", Message: "one"}}
		}
		return []operation.Reason{{Pointer: "/list/0", Code: "short", Message: "late"}, {Pointer: "/list/1", Code: "short", Message: "late"}}
	})
	got, err := f.store.GroupFailures(t.Context(), []uuid.UUID{early.ID, late.ID}, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	want := store.Failures{TotalGroups: 3, Total: 15, Groups: []store.FailureGroup{
		{Code: "short", Pointer: "/list/*", Count: 11, Operation: early.ID, Row: 1, Message: "early 1", Record: "\uFFFDrec", Cut: true},
		{Code: "short", Pointer: "/list/*/*", Count: 3, Operation: early.ID, Row: 1, Message: "nested", Record: "\uFFFDrec", Cut: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("GroupFailures() (-want +got):\n%s", diff)
	}
	got, err = f.store.GroupFailures(t.Context(), []uuid.UUID{late.ID, early.ID}, 1, 100)
	if err != nil || got.Groups[0].Operation != late.ID || got.Groups[0].Row != 2 || got.Groups[0].Cut ||
		got.Groups[0].Record != "\uFFFDrecord 2" {
		t.Errorf("GroupFailures() in the other order = %+v, %v, want row 2 of the late import first", got.Groups, err)
	}
	if got, err = f.store.GroupFailures(t.Context(), nil, 10, 10); err != nil || got.Total != 0 || len(got.Groups) != 0 {
		t.Errorf("GroupFailures() of no operation = %+v, %v, want none", got, err)
	}
}
