package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/operations"
	"github.com/longshore-io/longshore/services/console/internal/queues"
)

// console is the whole console without its listener, on a Redis of its own, for a viewer and an operator.
func console(t *testing.T) (http.Handler, queuetest.Redis) {
	t.Helper()
	redis := queuetest.New(t)
	ui := queues.New(redis.Queue)
	t.Cleanup(func() { _ = ui.Close() })
	gate := access.New([]access.User{{Name: "vera", Secret: "see", Role: access.Viewer}, {Name: "olga", Secret: "run", Role: access.Operator}})
	log := slog.New(slog.DiscardHandler)
	return engine(log, Options{Gate: gate, UI: ui, Operation: operations.New(queue.NewInspector(redis.Queue), log)}), redis
}

func ask(t *testing.T, h http.Handler, user, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://queues.example"+path, nil)
	if name, password, ok := strings.Cut(user, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNobodyIsLetInWithoutALogin(t *testing.T) {
	t.Parallel()
	h, _ := console(t)
	for _, path := range []string{"/queues/", "/queues/api/queues", "/queues/static/js/main.5adda2da.chunk.js", "/operations/" + uuid.NewString()} {
		for _, user := range []string{"", "vera:run", "eve:see"} {
			w := ask(t, h, user, http.MethodGet, path)
			if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s as %q: %d", path, user, w.Code)
			}
		}
	}
}

func TestOnlyOperatorsChangeAnythingAndOnlyFromThisSite(t *testing.T) {
	t.Parallel()
	h, redis := console(t)
	if err := queue.NewDispatcher(redis.Queue).Dispatch(t.Context(), job.Import, job.Chunk{OperationID: uuid.New()}, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	const pause = "/queues/api/queues/imports:pause"
	for name, tt := range map[string]struct {
		user   string
		header []string
		want   int
	}{
		"viewer":                     {"vera:see", nil, http.StatusMethodNotAllowed},
		"operator from another site": {"olga:run", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		"operator":                   {"olga:run", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusNoContent},
	} {
		if w := ask(t, h, tt.user, http.MethodPost, pause, tt.header...); w.Code != tt.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestEntriesShowIDsOnly(t *testing.T) {
	t.Parallel()
	h, redis := console(t)
	c := job.Chunk{OperationID: uuid.New(), Seq: 7}
	if err := queue.NewDispatcher(redis.Queue).Dispatch(t.Context(), job.Import, c, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	w := ask(t, h, "vera:see", http.MethodGet, "/queues/api/queues/imports/pending_tasks")
	var listed struct {
		Tasks []struct {
			Payload string `json:"payload"`
		} `json:"tasks"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &listed); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if want := "operation " + c.OperationID.String() + ", chunk 7"; len(listed.Tasks) != 1 || listed.Tasks[0].Payload != want {
		t.Errorf("listed %+v, want the payload %q", listed.Tasks, want)
	}
}

// TestAnOperationsPageLeadsToItsEntries: for a viewer, too; and the address that it gives is one of the UI's.
func TestAnOperationsPageLeadsToItsEntries(t *testing.T) {
	t.Parallel()
	h, redis := console(t)
	c := job.Chunk{OperationID: uuid.New()}
	if err := queue.NewDispatcher(redis.Queue).Dispatch(t.Context(), job.Import, c, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	w := ask(t, h, "vera:see", http.MethodGet, "/operations/"+c.OperationID.String())
	address := "/queues/queues/imports/tasks/" + c.String() + ".0"
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `href="`+address+`"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	entry := strings.Replace(address, "/queues/", "/queues/api/", 1)
	if w := ask(t, h, "vera:see", http.MethodGet, entry); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.OperationID.String()) {
		t.Errorf("%s: %d %s", entry, w.Code, w.Body)
	}
	if w := ask(t, h, "vera:see", http.MethodGet, "/operations/none"); w.Code != http.StatusBadRequest {
		t.Errorf("what is no id: %d %s", w.Code, w.Body)
	}
}

func TestPagesAskNoOtherHost(t *testing.T) {
	t.Parallel()
	h, _ := console(t)
	for _, path := range []string{"/queues/", "/queues/queues/imports"} {
		w := ask(t, h, "vera:see", http.MethodGet, path)
		body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
		if w.Code != http.StatusOK || !strings.Contains(body, `<div id="root">`) {
			t.Fatalf("%s: %d %s", path, w.Code, body)
		}
		if strings.Contains(body, "googleapis") || strings.Contains(body, "manifest") || strings.Contains(body, `href="http`) {
			t.Errorf("%s leads to another host: %s", path, body)
		}
		if strings.Count(policy, "'sha256-") != strings.Count(body, "<script>") || strings.Contains(policy, "http") {
			t.Errorf("%s has the policy %s", path, policy)
		}
	}
}

func TestTheRootLeadsToTheQueues(t *testing.T) {
	t.Parallel()
	h, _ := console(t)
	for _, path := range []string{"/", "/queues"} {
		if w := ask(t, h, "", http.MethodGet, path); w.Code != http.StatusFound || w.Header().Get("Location") != "/queues/" {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Location"))
		}
	}
}
