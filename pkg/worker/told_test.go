package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/worker"
)

// told is what a worker tells of its work.
type told struct {
	log      bytes.Buffer
	steps    *metrics.Steps
	finished *metrics.Finished
}

func (b bench) teller(t *testing.T, out *told, try worker.Process) *worker.Worker {
	t.Helper()
	log, err := logging.New(&out.log, "searcher", nil)
	if err != nil {
		t.Fatal(err)
	}
	out.steps, out.finished = metrics.NewSteps(), metrics.NewFinished()
	return worker.New(operation.Search, worker.Deps{
		Store: b.store, Redis: b.redis.Queue, Log: log, MaxAttempts: maxAttempts, Steps: out.steps, Finished: out.finished,
	}, try)
}

// lines are the records of the log at a level, without what every record has.
func (o *told) lines(t *testing.T, level slog.Level) (records []map[string]any) {
	t.Helper()
	for line := range strings.Lines(o.log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record[slog.LevelKey] == level.String() {
			delete(record, slog.TimeKey)
			delete(record, slog.LevelKey)
			delete(record, "service")
			records = append(records, record)
		}
	}
	return records
}

// count is how many were counted with the labels, and the operation in the exemplar.
func (o *told) count(t *testing.T, c prometheus.Collector, labels map[string]string) (n uint64, exemplar string) {
	t.Helper()
	m := find(t, c, "", labels)
	return uint64(m.GetCounter().GetValue()) + m.GetHistogram().GetSampleCount(), exemplarOf(m)
}

// find returns what a collector shows with just these labels, by any name if none is given; nil if nothing.
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
			has := make(map[string]string)
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			if cmp.Equal(labels, has) && (name == "" || name == family.GetName()) {
				return m
			}
		}
	}
	return nil
}

func exemplarOf(m *dto.Metric) string {
	for _, l := range m.GetCounter().GetExemplar().GetLabel() {
		return l.GetName() + "=" + l.GetValue()
	}
	return ""
}

// TestAFailureIsToldOnce: by one line of the log, one count that names the operation, and an entry that is put aside with the reason.
func TestAFailureIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setupFor(t, "request-7")
	var out told
	w := b.teller(t, &out, failing(errors.New("broken")))
	back, _ := errors.AsType[*queue.RetryAfterError](w.ProcessChunk(t.Context(), b.chunk))
	if back == nil || !cmp.Equal(back.Attrs, []slog.Attr{slog.String("request_id", "request-7")}, cmp.Comparer(slog.Attr.Equal)) {
		t.Errorf("what comes back is told with %v", back)
	}
	err := w.ProcessChunk(t.Context(), b.chunk)
	mustPark(t, err)
	if err == nil || err.Error() != "ChunkAbandoned: broken" {
		t.Errorf("the reason is %q", err)
	}
	if err := w.ProcessChunk(t.Context(), b.chunk); err != nil { // run by hand
		t.Error(err)
	}
	want := []map[string]any{{
		"msg": "operation failed", "operation": b.chunk.OperationID.String(), "request_id": "request-7", "chunk": 0.0, "code": "ChunkAbandoned", "error": "broken",
	}}
	if diff := cmp.Diff(want, out.lines(t, slog.LevelError)); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
	n, exemplar := out.count(t, out.finished, map[string]string{"kind": "search", "state": "failed"})
	if n != 1 || exemplar != "operation="+b.chunk.OperationID.String() {
		t.Errorf("%d were counted, such as %q", n, exemplar)
	}
	for _, result := range []string{"failed", "ended", "nothing"} {
		if n, _ := out.count(t, out.steps, map[string]string{"kind": "search:step", "result": result}); n != 1 {
			t.Errorf("%d steps %s", n, result)
		}
	}
}

// TestWhatSomebodyElseEndedIsNotTold: an operation that was cancelled in the meantime did not fail.
func TestWhatSomebodyElseEndedIsNotTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var out told
	w := b.teller(t, &out, func(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
		if _, err := b.store.Cancel(ctx, c.OperationID); err != nil {
			t.Error(err)
		}
		return store.Committed{}, &worker.ClientError{Failure: operation.Failure{Code: "TooMuch", Message: "It is too much."}}
	})
	if err := w.ProcessChunk(t.Context(), b.chunk); err != nil {
		t.Error(err)
	}
	n, _ := out.count(t, out.finished, map[string]string{"kind": "search", "state": "failed"})
	if lines := out.lines(t, slog.LevelError); n != 0 || len(lines) != 0 {
		t.Errorf("%d were counted, the log says %v", n, lines)
	}
}

// TestAStepIsInHandUntilItEnds: also one that panics, which the queue makes an error of.
func TestAStepIsInHandUntilItEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var out told
	inHand := func() float64 {
		t.Helper()
		return find(t, out.steps, "longshore_steps_in_hand", map[string]string{"kind": "search:step"}).GetGauge().GetValue()
	}
	w := b.teller(t, &out, func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
		if n := inHand(); n != 1 {
			t.Errorf("%v in hand while it runs", n)
		}
		panic("broken")
	})
	func() {
		defer func() { _ = recover() }()
		_ = w.ProcessChunk(t.Context(), b.chunk)
	}()
	if n := inHand(); n != 0 {
		t.Errorf("%v in hand when it is over", n)
	}
	if n, _ := out.count(t, out.steps, map[string]string{"kind": "search:step", "result": "failed"}); n != 1 {
		t.Errorf("%d steps failed", n)
	}
}

// TestAnEndIsTold: by who committed it.
func TestAnEndIsTold(t *testing.T) {
	t.Parallel()
	b := setupFor(t, "request-8")
	var out told
	if err := b.teller(t, &out, b.turn(store.Progress{Done: true})).ProcessChunk(t.Context(), b.chunk); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"msg": "operation finished", "operation": b.chunk.OperationID.String(), "request_id": "request-8", "chunk": 0.0, "state": "succeeded",
	}}
	if diff := cmp.Diff(want, out.lines(t, slog.LevelInfo)); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
	if n, _ := out.count(t, out.finished, map[string]string{"kind": "search", "state": "succeeded"}); n != 1 {
		t.Errorf("%d were counted", n)
	}
}

// setupFor is setup for a search that a request of the id began.
func setupFor(t *testing.T, request string) bench {
	t.Helper()
	b := setup(t)
	op, err := b.store.Accept(t.Context(), store.Draft{
		ID: uuid.New(), Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, RequestID: request,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.chunk.OperationID = op.ID
	return b
}
