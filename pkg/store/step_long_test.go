package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestHeldWorkWritesAsItGoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	done, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, place store.Checkpoint) (store.Progress, error) {
		if place.ID != op.ID || string(place.Request) != `{"q": "x"}` {
			t.Errorf("it stands at %+v", place)
		}
		if err := f.store.AppendOutput(ctx, op.ID, store.FileStage, store.OutputBlock{Bytes: []byte("one")}); err != nil {
			return store.Progress{}, err
		}
		if n := f.count(t, `SELECT count(*) FROM xforce.task_outputs`); n != 1 {
			t.Errorf("%d pieces can be seen in the middle", n)
		}
		if _, err := f.store.RunLong(ctx, of(op, 0), nil); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a second worker: %v", err)
		}
		return store.Progress{Done: true}, nil
	})
	if err != nil || done.State != operation.Succeeded {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestHeldWorkEndsWithItsOperation: cancelling ends the context of work that runs held, and what it writes then is refused.
func TestHeldWorkEndsWithItsOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	_, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, _ store.Checkpoint) (store.Progress, error) {
		if done, err := f.store.Cancel(ctx, op.ID); err != nil || !done {
			t.Errorf("cancelling: %v, %v", done, err)
		}
		if err := f.store.AppendOutput(ctx, op.ID, store.FileStage, store.OutputBlock{Bytes: []byte("late")}); !errors.Is(err, store.ErrNothingDue) {
			t.Errorf("writing after the end: %v", err)
		}
		<-ctx.Done()
		return store.Progress{Done: true}, nil
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("it ended with %v", err)
	}
	if now := f.mustRead(t, op.ID); now.State != operation.Cancelled || f.count(t, `SELECT count(*) FROM xforce.task_outputs`) != 0 {
		t.Errorf("it is %s", now.State)
	}
}

// TestPanicOfHeldWorkIsAnError: the process goes on, and the chunk is free again.
func TestPanicOfHeldWorkIsAnError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	_, err := f.store.RunLong(t.Context(), of(op, 0), func(context.Context, store.Checkpoint) (store.Progress, error) { panic("broken") })
	if err == nil || !strings.Contains(err.Error(), "panic: broken") {
		t.Errorf("it ended with %v", err)
	}
	_, err = f.store.RunLong(t.Context(), of(op, 0), func(context.Context, store.Checkpoint) (store.Progress, error) {
		return store.Progress{Done: true}, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestHeldWorkIsBegunAnew: a worker that died in the middle left output, and the next one clears it.
func TestHeldWorkIsBegunAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	died := errors.New("died")
	for _, end := range []error{died, nil} {
		_, err := f.store.RunLong(t.Context(), of(op, 0), func(ctx context.Context, _ store.Checkpoint) (store.Progress, error) {
			if err := f.store.ClearOutput(ctx, op.ID, store.FileStage); err != nil {
				return store.Progress{}, err
			}
			return store.Progress{Done: true}, errors.Join(f.store.AppendOutput(ctx, op.ID, store.FileStage, store.OutputBlock{Bytes: []byte("x")}), end)
		})
		if !errors.Is(err, end) {
			t.Fatal(err)
		}
		if n := f.count(t, `SELECT count(*) FROM xforce.task_outputs`); n != 1 {
			t.Errorf("%d pieces", n)
		}
	}
}
