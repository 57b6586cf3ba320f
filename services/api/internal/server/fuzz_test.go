package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/catalog"
	sharedconfig "github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/auth"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/routes"
)

// requestTime ends requests that wait, such as event streams.
const requestTime = 2 * time.Second

// FuzzRequest sends requests to all routes, with a real Postgres and a real Redis. No request may
// panic or be answered with an internal error, and each error must be a problem.
func FuzzRequest(f *testing.F) {
	const id = "01a201ca-08ae-76bd-94da-dcd44d595976"
	for _, head := range []string{
		"GET / HTTP/1.1", "GET /operations?status=Running,Failed&label=a%3Db&createdAfter=2026-01-31T12:00:00Z&maxpagesize=1 HTTP/1.1",
		"GET /operations?cursor=AAAA HTTP/1.1", "GET /operations/" + id + " HTTP/1.1\r\nIf-None-Match: W/\"1\", *",
		"GET /operations/" + id + "/events HTTP/1.1\r\nLast-Event-ID: 9223372036854775807", "DELETE /operations/" + id + " HTTP/1.1",
		"GET /operations/" + id + "/records?outcome=failed&format=csv HTTP/1.1", "POST /operations/" + id + ":cancel HTTP/1.1",
		"GET /v1/operations?filter=kind%3D%22report%22%20AND%20labels.a%3D%22b%22&pageSize=2&pageToken=x HTTP/1.1",
		"GET /v1/operations/" + id + " HTTP/1.1", "POST /v1/operations/" + id + ":cancel HTTP/1.1",
		"GET /tasks?status=FAILED&limit=1&before=9223372036854775807 HTTP/1.1\r\nAccept: text/xml;q=0.5, application/json;q=0.1",
		"GET /tasks/1.xml?cancel=true&prune=true HTTP/1.1", "GET /api/tools/import/status/HD6EKSD8DO9 HTTP/1.1",
		"GET /search/status/" + id + "?offset=1&limit=2147483647 HTTP/1.1", "GET /report-status/1 HTTP/1.1\r\nPrefer: wait=1",
		"GET /reports/report-1.pdf HTTP/1.1\r\nRange: bytes=0-1,-5", "POST /api/tools/import:upload-start HTTP/1.1\r\nContent-Type: text/csv",
		"PUT /api/tools/import/uploads/" + id + "/parts/1 HTTP/1.1\r\nContent-Digest: sha-256=:AA==:\r\nContent-Length: 1",
	} {
		f.Add([]byte(head + "\r\nHost: api\r\n\r\n"))
	}
	for _, head := range []string{
		"POST /search HTTP/1.1\r\nOperation-Id: " + id, "POST /start-report HTTP/1.1\r\nLongshore-Retention: 7d",
		"POST /api/tools/import HTTP/1.1\r\nLongshore-Labels: a=b, c=d\r\nPrefer: wait=0",
	} {
		for _, body := range []string{
			`{"collection":"tools","query":"a -b \"c\"","filter":{"category":{"in":["x"]},"url":null},"sort":["-tool_name"],"limit":3}`,
			`{"report":"records","collection":"tools","format":"csv","filter":{"tool_id":{"gte":"a"}}}`, `[{"tool_id":"\u0000","x":1e999}]`,
		} {
			f.Add([]byte(head + "\r\nHost: api\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body)))
		}
	}
	handler := newFuzzHandler(f, uuid.MustParse(id))
	f.Fuzz(func(t *testing.T, raw []byte) {
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(raw))))
		if err != nil {
			return // net/http answers it, and no handler of ours sees it
		}
		ctx, cancel := context.WithTimeout(t.Context(), requestTime)
		defer cancel()
		w := serveFuzzed(handler, request.WithContext(ctx))
		if ctx.Err() == nil {
			checkAnswer(t, request, w)
		}
	})
}

// chunked returns a body as one chunk of the chunked transfer coding.
func chunked(body string) string {
	const hex = "0123456789abcdef"
	return string([]byte{hex[len(body)>>4&15], hex[len(body)&15]}) + "\r\n" + body + "\r\n0\r\n\r\n"
}

// newFuzzHandler returns the handler of the api with one operation, a finished report.
func newFuzzHandler(f *testing.F, id uuid.UUID) http.Handler {
	f.Helper()
	redis := queuetest.New(f)
	url := storetest.NewDatabase(f)
	db := storetest.Open(f, url, store.Options{Application: "fuzz", MaxConns: 4})
	cfg, err := sharedconfig.Load[config.Config](map[string]string{
		"DATABASE_URL": url, "REDIS_URL": redis.URL, "LONGSHORE_MAX_WAIT": "10ms", "LONGSHORE_SEARCH_MOMENT": "1ms",
		"LONGSHORE_MAX_BODY_BYTES": "1048576", "LONGSHORE_MAX_PART_BYTES": "65536", "LONGSHORE_MAX_PARTS": "10",
	})
	if err != nil {
		f.Fatal(err)
	}
	collections, err := catalog.Open(f.Context(), db, true, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	watch := monitor.New(db, queue.NewNotifier(redis.Queue), log, metrics.NewFinished(), cfg.PollWithin)
	limits, err := cfg.Limits()
	if err != nil {
		f.Fatal(err)
	}
	occupied := metrics.NewAdmission()
	tables, err := routes.Table(routes.Deps{
		Config: cfg, Store: db, Redis: redis.Queue, Monitor: watch, Collections: collections, Log: log, Now: time.Now,
		Storage: admission.NewStorage(0, db.SchemaBytes, log, occupied),
	})
	if err != nil {
		f.Fatal(err)
	}
	op, err := db.Accept(f.Context(), store.Draft{
		ID: id, Reference: operation.NewReference(), Kind: operation.Report, Lanes: 1, Request: json.RawMessage(`{"report":"imports","format":"pdf"}`),
	})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := watch.Cancel(access.With(f.Context(), access.NewLocal()), op); err != nil {
		f.Fatal(err)
	}
	m := middleware{log, metrics.NewRequests(), admission.New(limits, occupied), "", edge.NewAddresses(""), nil, testGuard()}
	all, err := Opened{tables, collections.Catalog, auth.New(auth.Options{Mode: auth.Off}, db, log).Protect}.routes()
	if err != nil {
		f.Fatal(err)
	}
	return newEngine(m, all)
}

// deadlineRecorder accepts deadlines, as a connection does.
type deadlineRecorder struct{ *httptest.ResponseRecorder }

func (deadlineRecorder) SetReadDeadline(time.Time) error  { return nil }
func (deadlineRecorder) SetWriteDeadline(time.Time) error { return nil }

// serveFuzzed serves a request. Only http.ErrAbortHandler may leave the handler as a panic.
func serveFuzzed(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	defer func() {
		if err, ok := recover().(error); ok && !errors.Is(err, http.ErrAbortHandler) {
			panic(err)
		}
	}()
	handler.ServeHTTP(deadlineRecorder{w}, r)
	return w
}

// checkAnswer requires a status other than 500, and a complete problem with each error.
func checkAnswer(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code < http.StatusBadRequest {
		return
	}
	if r.URL.Path == "/v1" || strings.HasPrefix(r.URL.Path, "/v1/") { // as Google's APIs
		if w.Code == http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"@type":"type.googleapis.com/google.rpc.ErrorInfo"`) {
			t.Errorf("%s %q = %d %s, want no 500, and an error of Google's APIs", r.Method, r.RequestURI, w.Code, w.Body)
		}
		return
	}
	var problem struct {
		Type, Title, Detail string
		Status              int
	}
	err := json.Unmarshal(w.Body.Bytes(), &problem)
	contentType := w.Header().Get("Content-Type")
	if w.Code == http.StatusInternalServerError || contentType != "application/problem+json" || err != nil ||
		problem.Status != w.Code || problem.Type == "" || problem.Title == "" || problem.Detail == "" {
		t.Errorf("%s %q = %d %s %s, want no 500, and a complete problem (%v)", r.Method, r.RequestURI, w.Code, contentType, w.Body, err)
	}
}
