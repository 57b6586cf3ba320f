package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// metricTimeout bounds the delay of a metric: the janitor updates its gauges every ten seconds.
const metricTimeout = 15 * time.Second

// metric is a sample and its wanted value.
type metric struct {
	service string
	value   float64
	name    string
	labels  []string
}

func waitForMetrics(t *testing.T, s *stack.Stack, metrics ...metric) {
	t.Helper()
	for _, m := range metrics {
		var value float64
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s %v of the %s is %v, want %v", m.name, m.labels, m.service, value, m.value)
			}
		})
		await.Until(t, metricTimeout, m.name, func() bool {
			value = s.Metrics(m.service).Value(m.name, m.labels...)
			return value == m.value
		})
	}
}

// TestWorkMetrics checks the metrics of an import with a rejected record, of one that fails, and of
// one whose queue entry is lost.
func TestWorkMetrics(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable, Env: []string{"LONGSHORE_MAX_ATTEMPTS=1"},
	})
	spoons := func(text string) client.Accepted {
		return s.Submit("spoons", client.RequestBody{Type: "application/json", Content: []byte(text)})
	}
	s.WaitFor(spoons(`[{"id": 1}, {"id": 2}, {"id": "three"}]`), "Succeeded")
	s.WaitFor(spoons(`[{"id": 2}]`), "Succeeded")
	waitForMetrics(t, s,
		metric{"importer", 2, "longshore_records_total", []string{"collection", "spoons", "outcome", "created"}},
		metric{"importer", 1, "longshore_records_total", []string{"collection", "spoons", "outcome", "updated"}},
		metric{"importer", 1, "longshore_records_total", []string{"collection", "spoons", "outcome", "failed"}},
		metric{"importer", 1, "longshore_records_rejected_total", []string{"collection", "spoons", "reason", "type"}},
		metric{"importer", 2, "longshore_step_seconds", []string{"kind", "import:chunk", "result", "committed"}},
		metric{"importer", 2, "longshore_operations_finished_total", []string{"kind", "import", "state", "succeeded"}},
		metric{"importer", 1, "longshore_redis_up", nil},
		metric{"importer", 1, "longshore_postgres_up", nil},
		metric{"importer", 1, "longshore_ready", []string{"service", "importer"}},
		metric{"importer", 0, "longshore_steps_running", nil},
	)

	failImports(s, "spoons")
	failed := spoons(`[{"id": 4}]`)
	s.WaitFor(failed, "Failed")
	letImports(s, "spoons")
	waitForMetrics(t, s,
		metric{"importer", 1, "longshore_operations_finished_total", []string{"kind", "import", "state", "failed"}},
		metric{"importer", 1, "longshore_step_seconds", []string{"kind", "import:chunk", "result", "failed_internal"}},
		metric{"janitor", 1, "longshore_queue_entries", []string{"queue", "imports", "state", "archived"}},
		metric{"janitor", 1, "longshore_queue_failed_total", []string{"queue", "imports"}},
	)
	named := s.Metrics("importer").Exemplars("operation", "longshore_operations_finished_total", "state", "failed")
	if !slices.Equal(named, []string{failed.ID}) {
		t.Errorf("exemplars of failed operations are %q, want %s", named, failed.ID)
	}
	if lines := s.LogLines("importer", "ERR", "operation="+failed.ID); len(lines) != 1 {
		t.Errorf("got %d error lines, want 1: %q", len(lines), lines)
	}

	// An import whose queue entry is lost while the only importer is frozen.
	s.FreezeImporter(0)
	lost := spoons(`[{"id": 5}]`)
	waitForMetrics(t, s,
		metric{"janitor", 1, "longshore_operations", []string{"kind", "import", "state", "waiting"}},
		metric{"janitor", 1, "longshore_due_chunks", []string{"kind", "import:chunk"}},
	)
	if age := s.Metrics("janitor").Value("longshore_oldest_due_seconds", "kind", "import:chunk"); age <= 0 || age > metricTimeout.Seconds() {
		t.Errorf("age of the oldest due chunk is %v s, want up to %v", age, metricTimeout.Seconds())
	}
	rescued := func() float64 { return s.Metrics("janitor").Value("longshore_rescues_total", "duty", "dispatch") }
	before := rescued() // may count a chunk that was dispatched slowly
	s.FlushRedis()
	await.Until(t, metricTimeout, "the lost entry to be counted as rescued", func() bool { return rescued() == before+1 })
	s.ThawImporter(0)
	s.WaitFor(lost, "Succeeded")
	waitForMetrics(t, s,
		metric{"janitor", 0, "longshore_due_chunks", nil},
		metric{"janitor", 0, "longshore_queue_entries", nil},
		metric{"janitor", 0, "longshore_collector_errors_total", nil},
		metric{"janitor", 1, "longshore_redis_up", nil},
	)
}
