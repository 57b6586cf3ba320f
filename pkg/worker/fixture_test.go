package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/worker"
)

const (
	maxAttempts = 2
	requestID   = "request-7"
)

// fixture is a store and a queue with one waiting search, and the log and the metrics of its
// workers.
type fixture struct {
	store    *store.Store
	redis    queuetest.Redis
	chunk    job.Chunk
	log      bytes.Buffer
	steps    *metrics.Steps
	finished *metrics.Finished
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{Application: t.Name(), MaxConns: 4})
	op, err := db.Accept(t.Context(), store.Draft{
		ID: uuid.New(), Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, RequestID: requestID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{
		store: db, redis: queuetest.New(t), chunk: job.Chunk{OperationID: op.ID}, steps: metrics.NewSteps(), finished: metrics.NewFinished(),
	}
}

func (f *fixture) worker(t *testing.T, process worker.Process) *worker.Worker {
	t.Helper()
	log, err := logging.New(&f.log, "searcher", nil)
	if err != nil {
		t.Fatal(err)
	}
	return worker.New(job.Search, worker.Deps{
		Store: f.store, Redis: f.redis.Queue, Log: log, MaxAttempts: maxAttempts, Steps: f.steps, Finished: f.finished,
	}, process)
}

func (f *fixture) operation(t *testing.T) *operation.Operation {
	t.Helper()
	op, err := f.store.Operation(t.Context(), f.chunk.OperationID)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func (f *fixture) wantState(t *testing.T, want operation.State) {
	t.Helper()
	if op := f.operation(t); op.State != want {
		t.Errorf("state = %s, failure %v, want %s", op.State, op.Failure, want)
	}
}

// committing returns a step that commits the progress.
func (f *fixture) committing(p store.Progress) worker.Process {
	return func(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
		return f.store.RunResumable(ctx, c, func(context.Context, *store.ResumableStep) (store.Progress, error) { return p, nil })
	}
}

// failing returns a step that fails with err.
func failing(err error) worker.Process {
	return func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
		return store.Committed{}, err
	}
}

// wantArchived checks that err archives the queue entry, and that its text is want.
func wantArchived(t *testing.T, err error, want string) {
	t.Helper()
	if archive, ok := errors.AsType[*queue.ArchiveError](err); !ok || archive.Error() != want {
		t.Errorf("ProcessChunk() = %v, want an ArchiveError with %q", err, want)
	}
}

// wantRetry checks that err retries the queue entry for the reason.
func wantRetry(t *testing.T, err error, reason string) {
	t.Helper()
	if retry, ok := errors.AsType[*queue.RetryAfterError](err); !ok || retry.Reason != reason {
		t.Fatalf("ProcessChunk() = %v, want a RetryAfterError with the reason %q", err, reason)
	}
}

// wantLog checks the log records of a level. Each has the message and the attributes given, beside
// those that every record has.
func (f *fixture) wantLog(t *testing.T, level slog.Level, want ...map[string]any) {
	t.Helper()
	for _, record := range want {
		record["operation"], record["request_id"], record["chunk"] = f.chunk.OperationID.String(), requestID, 0.0
	}
	var got []map[string]any
	for line := range strings.Lines(f.log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record[slog.LevelKey] == level.String() {
			delete(record, slog.TimeKey)
			delete(record, slog.LevelKey)
			delete(record, "service")
			got = append(got, record)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log at %s (-want +got):\n%s", level, diff)
	}
}

// wantSteps checks how many steps ended with a result.
func (f *fixture) wantSteps(t *testing.T, result metrics.StepResult, want uint64) {
	t.Helper()
	m := find(t, f.steps, "longshore_step_seconds", map[string]string{"kind": "search:step", "result": string(result)})
	if got := m.GetHistogram().GetSampleCount(); got != want {
		t.Errorf("steps with result %q = %d, want %d", result, got, want)
	}
}

// wantFinished checks how many operations finished in a state. The exemplar names the operation.
func (f *fixture) wantFinished(t *testing.T, state operation.State, want float64) {
	t.Helper()
	counter := find(t, f.finished, "longshore_operations_finished_total",
		map[string]string{"kind": "search", "state": string(state)}).GetCounter()
	if got := counter.GetValue(); got != want {
		t.Errorf("operations finished as %s = %v, want %v", state, got, want)
	}
	for _, l := range counter.GetExemplar().GetLabel() {
		if l.GetName() != "operation" || l.GetValue() != f.chunk.OperationID.String() {
			t.Errorf("exemplar = %s=%s, want operation=%s", l.GetName(), l.GetValue(), f.chunk.OperationID)
		}
	}
	if want > 0 && len(counter.GetExemplar().GetLabel()) == 0 {
		t.Errorf("operations finished as %s have no exemplar", state)
	}
}

// find returns the collector's metric with exactly these labels; nil if it has none.
func find(t *testing.T, c prometheus.Collector, name string, labels map[string]string) *dto.Metric {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			got := make(map[string]string)
			for _, l := range m.GetLabel() {
				got[l.GetName()] = l.GetValue()
			}
			if family.GetName() == name && cmp.Equal(labels, got) {
				return m
			}
		}
	}
	return nil
}

// subscribe returns the notifications of the operation, from the moment that the subscription is
// active.
func (f *fixture) subscribe(t *testing.T) <-chan uuid.UUID {
	t.Helper()
	notifier, probe := queue.NewNotifier(f.redis.Queue), uuid.New()
	changes, active := make(chan uuid.UUID, 10), make(chan struct{}, 1)
	go notifier.Subscribe(t.Context(), func(id uuid.UUID) {
		switch id { // ids of other tests arrive too: the databases of a Redis share its channels
		case f.chunk.OperationID:
			changes <- id
		case probe:
			select {
			case active <- struct{}{}:
			default:
			}
		}
	})
	for {
		if err := notifier.Publish(t.Context(), probe); err != nil {
			t.Fatal(err)
		}
		select {
		case <-active:
			return changes
		case <-time.After(10 * time.Millisecond): // not yet subscribed
		}
	}
}
