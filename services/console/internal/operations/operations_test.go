package operations_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/services/console/internal/operations"
)

// seen is what a look through the queues brings; how they are looked through is tried in pkg/queue.
type seen struct {
	found queue.FindResult
	err   error
}

func (s seen) Find(context.Context, uuid.UUID) (queue.FindResult, error) { return s.found, s.err }

func show(t *testing.T, id string, s seen) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://console.example/operations/x", nil)
	r.SetPathValue(operations.ID, id)
	w := httptest.NewRecorder()
	operations.New(s, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

const id = "0190a1f2-7c3e-7b8a-9d21-5f0c6e4b1a77"

func TestThePageTellsWhatIsQueued(t *testing.T) {
	t.Parallel()
	next := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := show(t, id, seen{found: queue.FindResult{
		Entries: []queue.Entry{
			{Queue: "imports", ID: id + ".7.0", Chunk: 7, State: "retry", LastError: "reaching Postgres: <refused>", Next: next},
			{Queue: "imports", ID: id + ".3.0", Chunk: 3, State: "active", Orphaned: true},
		},
		Truncated: []string{"imports, archived"},
	}})
	body := w.Body.String()
	for _, part := range []string{
		"<title>Operation " + id + "</title>",
		`<td>imports</td><td>3</td><td>active (its worker is gone)</td><td></td><td></td><td><a href="/queues/queues/imports/tasks/` + id + `.3.0">open</a>`,
		`<td>imports</td><td>7</td><td>retry</td><td>reaching Postgres: &lt;refused&gt;</td><td>2026-01-02 03:04:05 UTC</td>`,
		"Only the first 10000 entries", "imports, archived",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if w.Code != http.StatusOK || strings.Index(body, "<td>7</td>") < strings.Index(body, "<td>3</td>") {
		t.Errorf("%d, or not in the order of chunks: %s", w.Code, body)
	}
}

func TestThePageTellsThatNothingIsQueued(t *testing.T) {
	t.Parallel()
	w := show(t, id, seen{})
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, "Nothing is queued") || !strings.Contains(body, "janitor") || strings.Contains(body, "<table") {
		t.Errorf("%d %s", w.Code, body)
	}
}

func TestThePageConsistsOfItselfOnly(t *testing.T) {
	t.Parallel()
	w := show(t, id, seen{})
	body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(body)
	if style == nil {
		t.Fatal(body)
	}
	sum := sha256.Sum256([]byte(style[1]))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the policy %s does not allow its style, %s", policy, want)
	}
	if strings.Contains(body, "<script") || strings.Contains(body, "http") {
		t.Errorf("it has more than itself: %s", body)
	}
}

func TestWhatCannotBeShownIsToldWhy(t *testing.T) {
	t.Parallel()
	for given, tt := range map[string]struct {
		seen   seen
		status int
		says   string
	}{
		"none":              {seen{}, http.StatusBadRequest, "not the id of an operation"},
		strings.ToUpper(id): {seen{}, http.StatusBadRequest, "not the id of an operation"},
		"urn:uuid:" + id:    {seen{}, http.StatusBadRequest, "not the id of an operation"},
		"<script>alert(1)":  {seen{}, http.StatusBadRequest, "not the id of an operation"},
		id:                  {seen{err: errors.New("hidden")}, http.StatusServiceUnavailable, "Redis does not answer"},
	} {
		w := show(t, given, tt.seen)
		body := w.Body.String()
		if w.Code != tt.status || !strings.Contains(body, tt.says) || strings.Contains(body, "hidden") || strings.Contains(body, "<script>") {
			t.Errorf("%s: %d %s", given, w.Code, body)
		}
	}
}
