package operations

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

const id = "0190a1f2-7c3e-7b8a-9d21-5f0c6e4b1a77"

// get requests the page of an operation.
func get(redis queuetest.Redis, id string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://console.example/operations/x", nil)
	r.SetPathValue(ID, id)
	w := httptest.NewRecorder()
	New(queue.NewInspector(redis.Queue), "", slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

func TestRender(t *testing.T) {
	t.Parallel()
	next := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := httptest.NewRecorder()
	new(Page).render(w, uuid.MustParse(id), queue.FindResult{
		Entries: []queue.Entry{
			{Queue: "imports", ID: id + ".7.0", Chunk: 7, State: "retry", LastError: "reaching Postgres: <refused>", Next: next},
			{Queue: "imports", ID: id + ".3.0", Chunk: 3, State: "active", Orphaned: true},
		},
		Truncated: []string{"imports, archived"},
	})
	if w.Code != http.StatusOK {
		t.Errorf("status = %d, want 200", w.Code)
	}
	body := w.Body.String()
	for _, want := range []string{
		"<title>Operation " + id + "</title>",
		`<td>imports</td><td>3</td><td>active (worker stopped)</td><td></td><td></td><td><a href="/queues/queues/imports/tasks/` + id + `.3.0">open</a>`,
		`<td>imports</td><td>7</td><td>retry</td><td>reaching Postgres: &lt;refused&gt;</td><td>2026-01-02 03:04:05 UTC</td>`,
		"the first 10000 entries", "imports, archived",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not contain %s", want)
		}
	}
	if strings.Index(body, "<td>7</td>") < strings.Index(body, "<td>3</td>") {
		t.Errorf("the entries are not in the order of chunks: %s", body)
	}
}

func TestPageWithoutEntries(t *testing.T) {
	t.Parallel()
	w := get(queuetest.New(t), id)
	if w.Code != http.StatusOK {
		t.Errorf("status = %d, want 200", w.Code)
	}
	body := w.Body.String()
	if !strings.Contains(body, "No queue contains an entry") || !strings.Contains(body, "janitor") || strings.Contains(body, "<table") {
		t.Errorf("the page does not state that there are no entries: %s", body)
	}
}

// TestPageIsSelfContained checks that the content security policy allows the page's style and
// nothing else.
func TestPageIsSelfContained(t *testing.T) {
	t.Parallel()
	w := get(queuetest.New(t), id)
	body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(body)
	if style == nil {
		t.Fatalf("the page has no style: %s", body)
	}
	for _, want := range []string{"default-src 'none'", "style-src " + cspHash(style[1])} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy = %s, want %s", policy, want)
		}
	}
	for _, unwanted := range []string{"<script", "http"} {
		if strings.Contains(body, unwanted) {
			t.Errorf("the page contains %q: %s", unwanted, body)
		}
	}
}

func TestPageErrors(t *testing.T) {
	t.Parallel()
	up, down := queuetest.New(t), queuetest.New(t)
	if err := down.Queue.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		redis  queuetest.Redis
		id     string
		status int
		text   string
	}{
		"not a UUID":      {up, "none", http.StatusBadRequest, "Not the id of an operation"},
		"upper case":      {up, strings.ToUpper(id), http.StatusBadRequest, "Not the id of an operation"},
		"URN":             {up, "urn:uuid:" + id, http.StatusBadRequest, "Not the id of an operation"},
		"HTML":            {up, "<script>alert(1)", http.StatusBadRequest, "Not the id of an operation"},
		"Redis not there": {down, id, http.StatusServiceUnavailable, "Redis does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := get(tt.redis, tt.id)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.text) {
				t.Errorf("response = %d %s, want %d %s", w.Code, w.Body, tt.status, tt.text)
			}
			for _, unwanted := range []string{"<script>", "redis:"} {
				if strings.Contains(w.Body.String(), unwanted) {
					t.Errorf("the response contains %q: %s", unwanted, w.Body)
				}
			}
		})
	}
}
