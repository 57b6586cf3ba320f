package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
)

// TestServerHidesOtherInstallations checks that the console neither lists nor changes the queues and
// the servers of an installation with another prefix in the same Redis.
func TestServerHidesOtherInstallations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.dispatch(t, job.Chunk{OperationID: uuid.New()})
	other, err := queue.Open(config.Redis{URL: f.redis.URL, Prefix: "other"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	chunk := job.Chunk{OperationID: uuid.New()}
	if err := queue.NewDispatcher(other).Dispatch(t.Context(), job.Import, chunk, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"imports", "other-imports"} {
		serveNothing(t, f, name)
	}
	for path, field := range map[string]string{"queues": "queues", "servers": "servers", "queue_stats": "stats"} {
		t.Run(path, func(t *testing.T) {
			w := f.request(t, viewer, http.MethodGet, "/queues/api/"+path)
			body := w.Body.String()
			var list map[string]json.RawMessage
			if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%d %s: %v", w.Code, body, err)
			}
			if !strings.Contains(string(list[field]), `"imports"`) || strings.Contains(body, "other-imports") {
				t.Errorf("got %s, want imports and not other-imports", body)
			}
		})
	}
	for _, path := range []string{"", "/pending_tasks", "/tasks/" + chunk.String() + ".0"} {
		t.Run("GET "+path, func(t *testing.T) {
			if w := f.request(t, viewer, http.MethodGet, "/queues/api/queues/other-imports"+path); w.Code != http.StatusNotFound {
				t.Errorf("got %d %s, want 404", w.Code, w.Body)
			}
		})
	}
	for _, path := range []string{":pause", ":resume", "/pending_tasks:delete_all", "/pending_tasks:archive_all"} {
		t.Run("POST "+path, func(t *testing.T) {
			if w := f.request(t, operator, http.MethodPost, "/queues/api/queues/other-imports"+path); w.Code != http.StatusNotFound {
				t.Errorf("got %d %s, want 404", w.Code, w.Body)
			}
		})
	}
}

// serveNothing runs a server of asynq's for a queue until the test ends.
// The queue is paused, so that its entries stay.
func serveNothing(t *testing.T, f fixture, queueName string) {
	t.Helper()
	inspector := asynq.NewInspectorFromRedisClient(f.redis.Client)
	if err := inspector.PauseQueue(queueName); err != nil {
		t.Fatal(err)
	}
	server := asynq.NewServerFromRedisClient(f.redis.Client, asynq.Config{
		Queues: map[string]int{queueName: 1}, LogLevel: asynq.FatalLevel, ShutdownTimeout: time.Second,
	})
	if err := server.Start(asynq.NewServeMux()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
	for deadline := time.Now().Add(10 * time.Second); ; {
		servers, err := inspector.Servers()
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the server of %s is not listed: %v", queueName, err)
		}
		for _, s := range servers {
			if _, serves := s.Queues[queueName]; serves {
				return
			}
		}
	}
}
