package monitor_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

const (
	// initialDeadline is the poll deadline of a new operation; a poll extends it to pollWithin.
	initialDeadline = time.Minute
	pollWithin      = time.Hour
)

// fixture is a monitor with its own database and Redis.
type fixture struct {
	*monitor.Monitor
	url      string
	store    *store.Store
	notifier *queue.Notifier
	finished *metrics.Finished
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	f := fixture{url: storetest.NewDatabase(t), notifier: queue.NewNotifier(queuetest.New(t).Queue), finished: metrics.NewFinished()}
	f.store = storetest.Open(t, f.url, store.Options{})
	f.Monitor = monitor.New(f.store, f.notifier, slog.New(slog.DiscardHandler), f.finished, pollWithin)
	return f
}

// accept stores a waiting search.
func (f fixture) accept(t *testing.T, pollWithin time.Duration) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(asLocal(t), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, Request: []byte(`{}`), PollWithin: pollWithin,
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// fail finishes an operation as failed.
func (f fixture) fail(t *testing.T, op *operation.Operation) {
	t.Helper()
	failed, err := f.store.Fail(asLocal(t), job.Chunk{OperationID: op.ID}, operation.Failure{Code: "Test", Message: "Failed by a test."})
	if err != nil || !failed {
		t.Fatalf("Fail() = %t, %v, want true", failed, err)
	}
}

// read returns an operation without counting as a poll.
func (f fixture) read(t *testing.T, op *operation.Operation) *operation.Operation {
	t.Helper()
	current, err := f.store.Operation(asLocal(t), op.ID)
	if err != nil {
		t.Fatal(err)
	}
	return current
}

func TestFindExtendsPollDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, initialDeadline)
	found, err := f.Find(asLocal(t), op.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, deadline := range map[string]time.Time{"returned": found.PollDeadline, "stored": f.read(t, op).PollDeadline} {
		if left := time.Until(deadline); left < pollWithin-time.Minute {
			t.Errorf("%s poll deadline is in %s, want at least %s", name, left, pollWithin)
		}
	}
}

func TestFindKeepsPollDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	without := f.accept(t, 0)
	if found, err := f.Find(asLocal(t), without.ID); err != nil || !found.PollDeadline.IsZero() || !f.read(t, without).PollDeadline.IsZero() {
		t.Errorf("Find() = %+v, %v, want no poll deadline", found, err)
	}
	finished := f.accept(t, initialDeadline)
	f.fail(t, finished)
	before := f.read(t, finished).PollDeadline
	if found, err := f.Find(asLocal(t), finished.ID); err != nil || !found.PollDeadline.Equal(before) || !f.read(t, finished).PollDeadline.Equal(before) {
		t.Errorf("Find() of a finished operation = %+v, %v, want poll deadline %s", found, err, before)
	}
}

func TestPeekKeepsPollDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, initialDeadline)
	want := f.read(t, op).PollDeadline
	if found, err := f.Peek(asLocal(t), op.ID); err != nil || !found.PollDeadline.Equal(want) {
		t.Errorf("Peek() = %+v, %v, want poll deadline %s", found, err, want)
	}
	if found, err := f.PeekByNumber(asLocal(t), op.Number); err != nil || !found.PollDeadline.Equal(want) {
		t.Errorf("PeekByNumber() = %+v, %v, want poll deadline %s", found, err, want)
	}
	if got := f.read(t, op).PollDeadline; !got.Equal(want) {
		t.Errorf("poll deadline = %s after peeking, want %s", got, want)
	}
}

func TestDeletePrunesFinishedOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, 0)
	if _, err := storetest.Connect(t, f.url).Exec(asLocal(t), "UPDATE xforce.tasks SET total_records = 7"); err != nil {
		t.Fatal(err)
	}
	f.fail(t, op)
	if _, cancelled, err := f.Delete(asLocal(t), f.read(t, op)); cancelled || err != nil {
		t.Fatalf("Delete() = cancelled %t, %v, want it pruned", cancelled, err)
	}
	_, err := f.Find(asLocal(t), op.ID)
	if want := (operation.Counts{Total: 7}); !fault.Is(err, fault.Gone) || fault.Of(err).Details["counts"] != want {
		t.Errorf("Find() = %v, want a fault of kind Gone with counts %+v", err, want)
	}
	if _, err := f.Peek(asLocal(t), op.ID); !fault.Is(err, fault.Gone) {
		t.Errorf("Peek() = %v, want a fault of kind Gone", err)
	}
}

func TestDeleteCancelsUnfinishedOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, 0)
	changed := subscribe(t, f.notifier)
	left, cancelled, err := f.Delete(asLocal(t), op)
	if err != nil || !cancelled || left.State != operation.Cancelled || left.Expired {
		t.Errorf("Delete() = %+v, %t, %v, want it cancelled and not pruned", left, cancelled, err)
	}
	for id := range changed {
		if id == op.ID {
			return
		}
	}
	t.Error("no notification was published")
}

// subscribe returns a channel of notifications, which is closed after ten seconds. It publishes
// until the first notification arrives, because those before the subscription are lost.
func subscribe(t *testing.T, n *queue.Notifier) <-chan uuid.UUID {
	t.Helper()
	ctx, cancel := context.WithTimeout(asLocal(t), 10*time.Second)
	t.Cleanup(cancel)
	changed := make(chan uuid.UUID, 1000)
	go func() {
		defer close(changed)
		n.Subscribe(ctx, func(id uuid.UUID) { changed <- id })
	}()
	for len(changed) == 0 && ctx.Err() == nil {
		if err := n.Publish(ctx, uuid.Nil); err != nil {
			t.Fatal(err)
		}
	}
	return changed
}

func TestDeletePrunesOperationThatJustFinished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.accept(t, 0)
	f.fail(t, waiting)
	left, cancelled, err := f.Delete(asLocal(t), waiting)
	if err != nil || cancelled || left.State != operation.Failed || !f.read(t, waiting).Expired {
		t.Errorf("Delete() = %+v, %t, %v, want it pruned", left, cancelled, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	count := func() float64 {
		return testutil.ToFloat64(f.finished.WithLabelValues(string(operation.Search), string(operation.Cancelled)))
	}
	failed := f.accept(t, 0)
	f.fail(t, failed)
	if _, err := f.Cancel(asLocal(t), failed); !fault.Is(err, fault.Conflict) {
		t.Errorf("Cancel() of a failed operation = %v, want a fault of kind Conflict", err)
	}
	if got := count(); got != 0 {
		t.Errorf("%v cancelled operations were counted, want 0", got)
	}
	op := f.accept(t, 0)
	for range 2 {
		if left, err := f.Cancel(asLocal(t), op); err != nil || left.State != operation.Cancelled {
			t.Errorf("Cancel() = %+v, %v, want it cancelled", left, err)
		}
		if got := count(); got != 1 {
			t.Errorf("%v cancelled operations were counted, want 1", got)
		}
	}
}

func TestPruneOfUnfinishedOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.Prune(asLocal(t), f.accept(t, 0)); !fault.Is(err, fault.Conflict) {
		t.Errorf("Prune() = %v, want a fault of kind Conflict", err)
	}
}

// asLocal returns the context of a request of the local principal.
func asLocal(t *testing.T) context.Context {
	t.Helper()
	return access.With(t.Context(), access.NewLocal())
}
