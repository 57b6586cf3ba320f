package routes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/audit"
	"github.com/longshore-io/longshore/services/api/internal/auth"
	apiconfig "github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/limits"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/routes"
	"github.com/longshore-io/longshore/services/api/internal/server"
)

// Two clients, each with an address of its own.
const (
	oneClient     = "127.0.0.1"
	anotherClient = "127.0.0.2"
)

// waitLimit is the longest time that a test waits for the api.
const waitLimit = time.Minute

// api is the whole api as a server in this process, with its own Postgres and Redis.
type api struct {
	address string
	url     string
	gate    *admission.Gate
	store   *store.Store
	routes  [][]edge.Route
}

// startAPI starts an api with the variables and stops it at the end of the test.
func startAPI(tb testing.TB, variables map[string]string) *api {
	tb.Helper()
	redis := queuetest.New(tb)
	a := &api{url: storetest.NewDatabase(tb)}
	environ := map[string]string{
		"DATABASE_URL": a.url, "REDIS_URL": redis.URL, "LONGSHORE_ADDR": "127.0.0.1:0", "LONGSHORE_REQUEST_MEMORY": "134217728",
		"LONGSHORE_DB_MAX_CONNS": "8",
	}
	maps.Copy(environ, variables)
	cfg, err := config.Load[apiconfig.Config](environ)
	if err != nil {
		tb.Fatal(err)
	}
	occupiable, err := cfg.Limits()
	if err != nil {
		tb.Fatal(err)
	}
	occupied := metrics.NewAdmission()
	a.gate = admission.New(occupiable, occupied)
	a.store = storetest.Open(tb, a.url, store.Options{Role: grants.API, MaxConns: cfg.Postgres.MaxConns, Clients: cfg.ClientLimits(occupiable, occupied)})
	collections, err := catalog.Open(tb.Context(), a.store, true, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	listening := make(firstLine, 1)
	log := slog.New(slog.NewJSONHandler(listening, nil))
	watch := monitor.New(a.store, queue.NewNotifier(redis.Queue), log, metrics.NewFinished(), cfg.PollWithin)
	defaults, err := cfg.Access.Limits()
	if err != nil {
		tb.Fatal(err)
	}
	meters := limits.NewMeters(a.store, defaults, log)
	tables, err := routes.Table(routes.Deps{
		Meters: meters,
		Config: cfg, Store: a.store, Redis: redis.Queue, Monitor: watch, Collections: collections, Log: log, Now: time.Now,
		Storage: admission.NewStorage(0, a.store.SchemaBytes, log, occupied),
	})
	if err != nil {
		tb.Fatal(err)
	}
	a.routes = tables
	guard, err := cfg.Guard()
	if err != nil {
		tb.Fatal(err)
	}
	ready := make(chan struct{})
	s := server.New(server.Options{
		Addr: cfg.Addr, Lifecycle: service.HTTPOptions{Ready: func() { close(ready) }, Grace: waitLimit},
		Requests: metrics.NewRequests(), Gate: a.gate, Guard: guard,
	}, log, func(ctx context.Context) (server.Opened, error) {
		authenticator := auth.New(cfg.Access.Options(cfg.Addr, cfg.PublicURL, cfg.Web), a.store, log)
		go authenticator.Run(ctx)
		recorder := audit.NewRecorder(a.store, log)
		go recorder.Run(tb.Context())
		go meters.Run(tb.Context())
		return server.Opened{Routes: tables, Collections: collections.Catalog, Protect: func(r edge.Route) edge.Route { return recorder.Record(authenticator.Protect(meters.Limit(r))) }}, nil
	})
	a.run(tb, s, watch)
	a.address = listening.address(tb)
	<-ready
	return a
}

// run runs the server until the end of the test.
func (a *api) run(tb testing.TB, s *server.Server, watch *monitor.Monitor) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go watch.Subscribe(ctx)
	go func() { done <- s.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			tb.Errorf("Run() = %v, want nil", err)
		}
	})
}

// firstLine is a log output that sends its first record to a channel.
type firstLine chan string

// Write implements io.Writer.
func (f firstLine) Write(p []byte) (int, error) {
	select {
	case f <- string(p):
	default:
	}
	return len(p), nil
}

// address returns the address that a server logs when it listens.
func (f firstLine) address(tb testing.TB) string {
	tb.Helper()
	var line struct{ Addr string }
	select {
	case text := <-f:
		if err := json.Unmarshal([]byte(text), &line); err != nil || line.Addr == "" {
			tb.Fatalf("the first line of the log is %s, want the server's address", text)
		}
	case <-time.After(waitLimit):
		tb.Fatal("the server did not start")
	}
	return line.Addr
}

// open connects from an address and sends text, such as the beginning of a request. The connection
// stays open until the end of the test.
func (a *api) open(t *testing.T, from, text string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", a.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// head returns the headers of a request, without a body.
func head(method, path string, headers ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method, path, strings.Join(append(headers, ""), "\r\n"))
}

// reply is a response to a client.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request on a connection of its own.
func (a *api) send(t *testing.T, from, method, path, body string, headers ...string) reply {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, Timeout: waitLimit}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	r := reply{status: response.StatusCode, header: response.Header}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") { // which does not end
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		r.body = string(content)
	}
	return r
}

// check checks the status of a reply.
func (r reply) check(t *testing.T, what string, want int) {
	t.Helper()
	if r.status != want {
		t.Errorf("%s = %d %s, want %d", what, r.status, r.body, want)
	}
}

// checkRefused checks that a reply is a refusal with a problem, and says when to come again.
func (r reply) checkRefused(t *testing.T, what string, status int, code string) {
	t.Helper()
	r.check(t, what, status)
	if r.header.Get("Retry-After") == "" || r.header.Get("Content-Type") != "application/problem+json" ||
		!strings.Contains(r.body, "urn:longshore:problem:"+code) {
		t.Errorf("%s = %v %s, want Retry-After and the problem %s", what, r.header, r.body, code)
	}
}

// importOne accepts an import and returns the path of its operation. Nothing runs it.
func (a *api) importOne(t *testing.T, from string) (path string) {
	t.Helper()
	r := a.send(t, from, http.MethodPost, "/api/tools/import", `{"tool_id":"A"}`, "Content-Type: application/x-ndjson")
	r.check(t, "POST", http.StatusAccepted)
	_, id, _ := strings.Cut(r.header.Get("Operation-Location"), "/operations/")
	return "/operations/" + id
}
