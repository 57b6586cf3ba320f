package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func (f fixture) acceptReport(t *testing.T) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Report, Lanes: 1, Request: json.RawMessage(`{"report":"imports"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestAPlaceIsReadWithoutTakingIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.acceptReport(t)
	at, err := f.store.CheckpointOf(t.Context(), of(op, 0))
	if err != nil || at.ID != op.ID || at.Number != op.Number || at.Kind != operation.Report || at.Cursor != nil || string(at.Request) != `{"report": "imports"}` {
		t.Errorf("%+v, %v", at, err)
	}
	if _, err := f.store.Cancel(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.CheckpointOf(t.Context(), of(op, 0)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("of a cancelled one: %v", err)
	}
}

func TestAFileIsBegunUnderTheLockAndCountsAttempts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.acceptReport(t)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{store.FileStage, store.RowsStage} {
		if err := f.store.AppendOutput(t.Context(), op.ID, stage, store.OutputBlock{Bytes: []byte("old")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.store.BeginFile(t.Context(), of(op, 0), json.RawMessage(`{"writer": 1}`)); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage = 'file'`); n != 0 {
		t.Errorf("%d old pieces of the file are left", n)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage = 'rows'`); n != 1 {
		t.Errorf("%d pieces of the records are left", n)
	}
	if n := f.count(t, `SELECT attempts FROM xforce.task_chunks WHERE task_id = $1`, op.ID); n != 1 {
		t.Errorf("%d attempts are counted", n)
	}
	_, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, at store.Checkpoint) (store.Progress, error) {
		if string(at.Cursor) != `{"writer": 1}` {
			t.Errorf("the cursor is %s", at.Cursor)
		}
		if err := f.store.BeginFile(ctx, of(op, 0), nil); !errors.Is(err, store.ErrLocked) {
			t.Errorf("while another holds it: %v", err)
		}
		return store.Progress{Done: true}, f.store.ReportProgress(ctx, op.ID, 70, "Writing")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.store.BeginFile(t.Context(), of(op, 0), nil); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("when it is done: %v", err)
	}
}

func TestProgressIsToldWhileTheOperationIsLive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.acceptReport(t)
	for told, want := range map[int]int{100: 99} {
		if err := f.store.ReportProgress(t.Context(), op.ID, told, "Writing"); err != nil {
			t.Fatal(err)
		}
		if now := f.mustRead(t, op.ID); now.Progress != want || now.Phase != "Writing" {
			t.Errorf("told %d: %d, %q", told, now.Progress, now.Phase)
		}
	}
	if err := f.store.ReportProgress(t.Context(), op.ID, 5, "Back"); err != nil {
		t.Fatal(err)
	}
	if now := f.mustRead(t, op.ID); now.Progress != 99 {
		t.Errorf("progress went back to %d", now.Progress)
	}
	if _, err := f.store.Cancel(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.store.ReportProgress(t.Context(), op.ID, 99, "Late"); err != nil {
		t.Fatal(err)
	}
	if now := f.mustRead(t, op.ID); now.Phase != "" {
		t.Errorf("a cancelled operation is in phase %q", now.Phase)
	}
}

func TestAnExtentKnowsGaps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.acceptReport(t)
	extent := func() store.Extent {
		found, err := f.store.OutputExtent(t.Context(), op.ID, store.FileStage)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	expect := func(want store.Extent) {
		t.Helper()
		if diff := cmp.Diff(want, extent()); diff != "" {
			t.Errorf("extent (-want +got):\n%s", diff)
		}
	}
	expect(store.Extent{Whole: true})
	for _, p := range []struct {
		piece store.OutputBlock
		want  store.Extent
	}{
		{store.OutputBlock{Seq: 0, Rows: 2, Bytes: []byte("abc")}, store.Extent{Blocks: 1, Rows: 2, Bytes: 3, Whole: true}},
		{store.OutputBlock{Seq: 1, Rows: 1, Offset: 3, Bytes: []byte("de")}, store.Extent{Blocks: 2, Rows: 3, Bytes: 5, Whole: true}},
		{store.OutputBlock{Seq: 3, Offset: 5, Bytes: []byte("f")}, store.Extent{Blocks: 3, Rows: 3, Bytes: 6}},
		{store.OutputBlock{Seq: 2, Offset: 9, Bytes: []byte("g")}, store.Extent{Blocks: 4, Rows: 3, Bytes: 7}},
	} {
		if err := f.store.AppendOutput(t.Context(), op.ID, store.FileStage, p.piece); err != nil {
			t.Fatal(err)
		}
		expect(p.want)
	}
}

// rejecting stores an import whose rows are all rejected for these reasons.
func (f fixture) rejecting(t *testing.T, rows int, reasons func(row int) []operation.Reason) *operation.Operation {
	t.Helper()
	op := f.start(t, 1, rows, rows)
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(_ context.Context, s *store.Step) (store.Effect, error) {
		var effect store.Effect
		for n := range s.Rows {
			row := s.FirstRow + n
			effect.Outcomes = append(effect.Outcomes, operation.Rejected)
			effect.Rejections = append(effect.Rejections, operation.Rejection{Row: row, Received: fmt.Appendf(nil, "\xffrecord %d", row), Reasons: reasons(row)})
		}
		return effect, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestFailuresAreGroupedWithTheFirstOfEach(t *testing.T) {
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
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	got, err = f.store.GroupFailures(t.Context(), []uuid.UUID{late.ID, early.ID}, 1, 100)
	if err != nil || got.Groups[0].Operation != late.ID || got.Groups[0].Row != 2 || got.Groups[0].Cut || got.Groups[0].Record != "\uFFFDrecord 2" {
		t.Errorf("the other way round: %+v, %v", got.Groups, err)
	}
	if got, err = f.store.GroupFailures(t.Context(), nil, 10, 10); err != nil || got.Total != 0 || len(got.Groups) != 0 {
		t.Errorf("of no operation: %+v, %v", got, err)
	}
}
