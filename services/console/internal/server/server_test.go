package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/operations"
	"github.com/longshore-io/longshore/services/console/internal/queues"
)

// The users of a fixture, as name:password.
const (
	viewer   = "vera:see"
	operator = "olga:run"
)

// fixture is the console without its listener.
type fixture struct {
	handler http.Handler
	redis   queuetest.Redis
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	redis := queuetest.New(t)
	ui := queues.New(redis.Queue)
	t.Cleanup(func() { _ = ui.Close() })
	gate := access.New([]access.User{{Name: "vera", Secret: "see", Role: access.Viewer}, {Name: "olga", Secret: "run", Role: access.Operator}}, access.NewThrottle())
	log := slog.New(slog.DiscardHandler)
	guard, err := web.NewGuard(web.Options{Hosts: []string{"queues.example"}})
	if err != nil {
		t.Fatal(err)
	}
	handler := newHandler(log, Options{Guard: guard, Gate: gate, Logins: metrics.NewLogins(), UI: ui, Operation: operations.New(queue.NewInspector(redis.Queue), "", log)})
	return fixture{handler: handler, redis: redis}
}

func (f fixture) dispatch(t *testing.T, c job.Chunk) {
	t.Helper()
	if err := queue.NewDispatcher(f.redis.Queue).Dispatch(t.Context(), job.Import, c, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
}

// request sends a request of a user, with an optional header.
func (f fixture) request(t *testing.T, user, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://queues.example"+path, nil)
	if name, password, ok := strings.Cut(user, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

func TestServerRequiresLogin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/queues/", "/queues/api/queues", "/queues/static/js/main.5adda2da.chunk.js", "/operations/" + uuid.NewString()} {
		for name, user := range map[string]string{"no login": "", "wrong password": "vera:run", "unknown user": "eve:see"} {
			t.Run(name+" at "+path, func(t *testing.T) {
				t.Parallel()
				w := f.request(t, user, http.MethodGet, path)
				if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
					t.Errorf("status = %d, WWW-Authenticate %q, want 401, Basic", w.Code, w.Header().Get("WWW-Authenticate"))
				}
			})
		}
	}
}

func TestServerThrottlesLogins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var codes []int
	for range 11 {
		codes = append(codes, f.request(t, "vera:guess", http.MethodGet, "/queues/").Code)
	}
	want := append(slices.Repeat([]int{http.StatusUnauthorized}, 10), http.StatusTooManyRequests)
	if !slices.Equal(codes, want) {
		t.Errorf("status codes of wrong logins = %d, want %d", codes, want)
	}
	if w := f.request(t, "", http.MethodGet, "/queues/"); w.Code != http.StatusUnauthorized {
		t.Errorf("status without a login = %d, want 401", w.Code)
	}
}

func TestServerHidesRedisInfoFromViewers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for user, want := range map[string]int{viewer: http.StatusForbidden, operator: http.StatusOK} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			if w := f.request(t, user, http.MethodGet, "/queues/api/redis_info"); w.Code != want {
				t.Errorf("status = %d, want %d: %s", w.Code, want, w.Body)
			}
		})
	}
}

func TestServerChangesQueue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.dispatch(t, job.Chunk{OperationID: uuid.New()})
	for name, tt := range map[string]struct {
		user   string
		header []string
		want   int
	}{
		"viewer":                     {viewer, nil, http.StatusMethodNotAllowed},
		"operator from another site": {operator, []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		"operator":                   {operator, []string{"Sec-Fetch-Site", "same-origin"}, http.StatusNoContent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if w := f.request(t, tt.user, http.MethodPost, "/queues/api/queues/imports:pause", tt.header...); w.Code != tt.want {
				t.Errorf("status = %d, want %d: %s", w.Code, tt.want, w.Body)
			}
		})
	}
}

func TestServerShowsIDsOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := job.Chunk{OperationID: uuid.New(), Seq: 7}
	f.dispatch(t, c)
	w := f.request(t, viewer, http.MethodGet, "/queues/api/queues/imports/pending_tasks")
	var list struct {
		Tasks []struct {
			Payload string `json:"payload"`
		} `json:"tasks"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if want := "operation " + c.OperationID.String() + ", chunk 7"; len(list.Tasks) != 1 || list.Tasks[0].Payload != want {
		t.Errorf("entries = %+v, want one with the payload %q", list.Tasks, want)
	}
}

// TestServerOperationPage checks that the page's link to an entry is a page of asynq's UI.
func TestServerOperationPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := job.Chunk{OperationID: uuid.New()}
	f.dispatch(t, c)
	w := f.request(t, viewer, http.MethodGet, "/operations/"+c.OperationID.String())
	link := "/queues/queues/imports/tasks/" + c.String() + ".0"
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `href="`+link+`"`) {
		t.Fatalf("status = %d, want 200 with a link to %s: %s", w.Code, link, w.Body)
	}
	api := strings.Replace(link, "/queues/", "/queues/api/", 1)
	if w := f.request(t, viewer, http.MethodGet, api); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.OperationID.String()) {
		t.Errorf("status of %s = %d, want 200 with the operation: %s", api, w.Code, w.Body)
	}
	if w := f.request(t, viewer, http.MethodGet, "/operations/none"); w.Code != http.StatusBadRequest {
		t.Errorf("status of another id = %d, want 400: %s", w.Code, w.Body)
	}
}

func TestServerPagesLoadNothingFromOtherHosts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/queues/", "/queues/queues/imports"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := f.request(t, viewer, http.MethodGet, path)
			body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
			if w.Code != http.StatusOK || !strings.Contains(body, `<div id="root">`) {
				t.Fatalf("status = %d, want 200 with the UI: %s", w.Code, body)
			}
			for _, unwanted := range []string{"googleapis", "manifest", `href="http`} {
				if strings.Contains(body, unwanted) {
					t.Errorf("the page contains %q: %s", unwanted, body)
				}
			}
			if got, want := strings.Count(policy, "'sha256-"), strings.Count(body, "<script>"); got != want {
				t.Errorf("scripts allowed by the policy = %d, want %d: %s", got, want, policy)
			}
			if strings.Contains(policy, "http") {
				t.Errorf("the policy allows another host: %s", policy)
			}
		})
	}
}

func TestServerRedirectsToQueues(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/", "/queues"} {
		if w := f.request(t, "", http.MethodGet, path); w.Code != http.StatusFound || w.Header().Get("Location") != "/queues/" {
			t.Errorf("GET %s = %d, Location %q, want 302, /queues/", path, w.Code, w.Header().Get("Location"))
		}
	}
}
