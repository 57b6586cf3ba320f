package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// report accepts a report.
func (f fixture) report(t *testing.T) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Report, Lanes: 1, Request: json.RawMessage(`{"report":"imports"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestRunLongCommitsOutputDuringWork(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	committed, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, checkpoint store.Checkpoint) (store.Progress, error) {
		if checkpoint.ID != op.ID || string(checkpoint.Request) != `{"q": "x"}` {
			t.Errorf("checkpoint = %+v, want that of the search", checkpoint)
		}
		if err := f.store.AppendOutput(ctx, op.ID, store.FileStage, store.OutputBlock{Bytes: []byte("one")}); err != nil {
			return store.Progress{}, err
		}
		if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs`); got != 1 {
			t.Errorf("%d blocks are visible during the work, want 1", got)
		}
		if _, err := f.store.RunLong(ctx, of(op, 0), nil); !errors.Is(err, store.ErrLocked) {
			t.Errorf("second RunLong() = %v, want ErrLocked", err)
		}
		return store.Progress{Done: true}, nil
	})
	if err != nil || committed.State != operation.Succeeded {
		t.Errorf("RunLong() = %+v, %v, want succeeded", committed, err)
	}
}

func TestRunLongStopsAfterCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	_, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, _ store.Checkpoint) (store.Progress, error) {
		f.cancel(t, op)
		err := f.store.AppendOutput(ctx, op.ID, store.FileStage, store.OutputBlock{Bytes: []byte("late")})
		if !errors.Is(err, store.ErrNothingDue) {
			t.Errorf("AppendOutput() after Cancel() = %v, want ErrNothingDue", err)
		}
		<-ctx.Done()
		return store.Progress{Done: true}, nil
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("RunLong() = %v, want ErrNothingDue", err)
	}
	if got := f.read(t, op.ID).State; got != operation.Cancelled {
		t.Errorf("State = %s, want cancelled", got)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs`); got != 0 {
		t.Errorf("%d blocks of output, want 0", got)
	}
}

// TestRunLongReturnsPanic: the process continues, and the chunk is unlocked.
func TestRunLongReturnsPanic(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	_, err := f.store.RunLong(t.Context(), of(op, 0), func(context.Context, store.Checkpoint) (store.Progress, error) { panic("broken") })
	if err == nil || !strings.Contains(err.Error(), "panic: broken") {
		t.Errorf("RunLong() = %v, want an error that contains panic: broken", err)
	}
	_, err = f.store.RunLong(t.Context(), of(op, 0), func(context.Context, store.Checkpoint) (store.Progress, error) {
		return store.Progress{Done: true}, nil
	})
	if err != nil {
		t.Errorf("second RunLong() = %v, want nil", err)
	}
}

// TestRunLongRestarts: the first worker dies in the middle and leaves output, which the second one
// deletes with BeginFile.
func TestRunLongRestarts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	for _, want := range []error{errors.New("died"), nil} {
		if err := f.store.BeginFile(t.Context(), of(op, 0), nil); err != nil {
			t.Fatal(err)
		}
		_, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, _ store.Checkpoint) (store.Progress, error) {
			return store.Progress{Done: true},
				errors.Join(f.store.AppendOutput(ctx, op.ID, store.FileStage, store.OutputBlock{Bytes: []byte("x")}), want)
		})
		if !errors.Is(err, want) {
			t.Fatalf("RunLong() = %v, want %v", err, want)
		}
		if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs`); got != 1 {
			t.Errorf("%d blocks of output, want 1", got)
		}
	}
}

func TestWhileLive(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		cancel bool
		waits  bool
		err    error
		want   error
	}{
		"success":              {want: nil},
		"error":                {err: broken, want: broken},
		"cancelled":            {cancel: true, waits: true, err: broken, want: store.ErrNothingDue},
		"success after cancel": {cancel: true, waits: true, want: nil}, // the work committed before it noticed
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			op := f.startSearch(t)
			err := f.store.WhileLive(t.Context(), op.ID, func(ctx context.Context) error {
				if tt.cancel {
					f.cancel(t, op)
				}
				if tt.waits {
					<-ctx.Done()
				}
				return tt.err
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("WhileLive() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestBeginFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.report(t)
	f.attempt(t, of(op, 0), op.Kind)
	for _, stage := range []string{store.FileStage, store.RowsStage} {
		if err := f.store.AppendOutput(t.Context(), op.ID, stage, store.OutputBlock{Bytes: []byte("old")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.store.BeginFile(t.Context(), of(op, 0), json.RawMessage(`{"writer": 1}`)); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage = 'file'`); got != 0 {
		t.Errorf("%d old blocks of the file, want 0", got)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage = 'rows'`); got != 1 {
		t.Errorf("%d blocks of records, want 1", got)
	}
	if got := f.count(t, `SELECT attempts FROM xforce.task_chunks WHERE task_id = $1`, op.ID); got != 1 {
		t.Errorf("%d attempts are counted, want 1", got)
	}
	_, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, checkpoint store.Checkpoint) (store.Progress, error) {
		if got, want := string(checkpoint.Cursor), `{"writer": 1}`; got != want {
			t.Errorf("Cursor = %s, want %s", got, want)
		}
		if err := f.store.BeginFile(ctx, of(op, 0), nil); !errors.Is(err, store.ErrLocked) {
			t.Errorf("BeginFile() during RunLong() = %v, want ErrLocked", err)
		}
		return store.Progress{Done: true}, f.store.ReportProgress(ctx, op.ID, 70, "Writing")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.store.BeginFile(t.Context(), of(op, 0), nil); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("BeginFile() at the end = %v, want ErrNothingDue", err)
	}
}

func TestReportProgress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.report(t)
	report := func(percent int, phase string) *operation.Operation {
		t.Helper()
		if err := f.store.ReportProgress(t.Context(), op.ID, percent, phase); err != nil {
			t.Fatal(err)
		}
		return f.read(t, op.ID)
	}
	if now := report(100, "Writing"); now.Progress != 99 || now.Phase != "Writing" {
		t.Errorf("after 100 %%: %d %%, %q, want 99 %%, Writing", now.Progress, now.Phase)
	}
	if now := report(5, "Back"); now.Progress != 99 {
		t.Errorf("after 5 %%: %d %%, want 99 %%", now.Progress)
	}
	f.cancel(t, op)
	if now := report(99, "Late"); now.Phase != "" {
		t.Errorf("phase of a cancelled operation = %q, want none", now.Phase)
	}
}
