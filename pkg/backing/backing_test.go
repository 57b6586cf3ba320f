package backing_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/backing"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// lines is a log that tests read line by line.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default: // more than a test reads
	}
	return len(p), nil
}

// where finds the address that the log tells.
var where = regexp.MustCompile(`"health and metrics" addr=(\S+)`)

// opener is backing.Open or backing.OpenQueue.
type opener func(context.Context, *slog.Logger, backing.Options) (*backing.Services, error)

func open(t *testing.T, o backing.Options) (*backing.Services, string, error) {
	t.Helper()
	return openBy(t, backing.Open, o)
}

func openBy(t *testing.T, open opener, o backing.Options) (*backing.Services, string, error) {
	t.Helper()
	said := make(lines, 100)
	o.Admin = config.Admin{Addr: "127.0.0.1:0"}
	base, err := open(t.Context(), slog.New(slog.NewTextHandler(said, nil)), o)
	match := where.FindStringSubmatch(<-said)
	if match == nil {
		t.Fatal("the log does not tell where the admin listener is")
	}
	if err == nil {
		t.Cleanup(base.Close)
	}
	return base, "http://" + match[1], err
}

func get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func TestAServiceShowsHowItIs(t *testing.T) {
	t.Parallel()
	base, address, err := open(t, backing.Options{
		Service: "example", Postgres: config.Postgres{URL: storetest.NewDatabase(t), MaxConns: 3}, Redis: config.Redis{URL: queuetest.New(t).URL},
		Store: store.Options{Schema: migrations.Latest()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, address+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("before it is ready: %d %s", status, body)
	}
	expectShown(t, address, `longshore_ready{service="example"} 0`, "longshore_postgres_up 1")
	base.Ready()
	status, body := get(t, address+"/readyz")
	var said struct{ Parts map[string]string }
	if err := json.Unmarshal([]byte(body), &said); err != nil || status != http.StatusOK || said.Parts["postgres"] != "ok" || said.Parts["redis"] != "ok" {
		t.Errorf("ready: %d %s", status, body)
	}
	expectShown(t, address,
		`longshore_pool_connections_max{pool="postgres"} 3`, `longshore_pool_connections{pool="redis",state="busy"}`, "longshore_redis_up 1",
		`longshore_ready{service="example"} 1`, "longshore_postgres_up 1", "longshore_build_info", "go_goroutines", "process_resident_memory_bytes",
	)
	base.DB.Close()
	expectShown(t, address, "longshore_postgres_up 0")
}

// expectShown wants lines, or their beginnings, among the metrics.
func expectShown(t *testing.T, address string, lines ...string) {
	t.Helper()
	_, metrics := get(t, address+"/metrics")
	for _, line := range lines {
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("the metrics do not show %s", line)
		}
	}
}

// TestAStartWithoutADatabaseEndsInTime: it gives up at once, or after the wait that was configured.
func TestAStartWithoutADatabaseEndsInTime(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, 1200 * time.Millisecond} {
		began := time.Now()
		_, _, err := open(t, backing.Options{
			Postgres: config.Postgres{URL: "postgres://127.0.0.1:1/none", Wait: wait}, Redis: config.Redis{URL: "redis://127.0.0.1:1/0"},
		})
		if took := time.Since(began); err == nil || took < wait {
			t.Errorf("with a wait of %s it ended after %s: %v", wait, took, err)
		}
	}
}

// TestAServiceWithoutPostgresNeedsNobody: without Redis it is degraded.
func TestAServiceWithoutPostgresNeedsNobody(t *testing.T) {
	t.Parallel()
	base, address, err := openBy(t, backing.OpenQueue, backing.Options{Redis: config.Redis{URL: "redis://127.0.0.1:1/0"}})
	if err != nil {
		t.Fatal(err)
	}
	base.Ready()
	degraded := false
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for began := time.Now(); !degraded && time.Since(began) < 30*time.Second; <-again.C {
		status, body := get(t, address+"/readyz")
		if status != http.StatusOK || strings.Contains(body, "postgres") {
			t.Fatalf("%d %s", status, body)
		}
		degraded = strings.Contains(body, `"degraded"`)
	}
	if _, shown := get(t, address+"/metrics"); !degraded || !strings.Contains(shown, "longshore_redis_up 0") {
		t.Errorf("it was not degraded within 30 s, or its metrics do not tell: degraded %v", degraded)
	}
}

// TestAStartWaitsForTheSchema: probes tell meanwhile what is missing, and a schema that is newer than what the service needs is fine.
func TestAStartWaitsForTheSchema(t *testing.T) {
	t.Parallel()
	database := storetest.NewDatabase(t)
	sql := storetest.Connect(t, database)
	said := make(lines, 100)
	opened := make(chan error, 1)
	go func() {
		base, err := backing.Open(t.Context(), slog.New(slog.NewTextHandler(said, nil)), backing.Options{
			Admin: config.Admin{Addr: "127.0.0.1:0"}, Redis: config.Redis{URL: "redis://127.0.0.1:1/0"},
			Postgres: config.Postgres{URL: database, Wait: time.Minute}, Store: store.Options{Schema: migrations.Latest() + 1},
		})
		if err == nil {
			base.Close()
		}
		opened <- err
	}()
	address := "http://" + where.FindStringSubmatch(<-said)[1]
	<-said // that it waits
	for _, path := range []string{"/startupz", "/readyz"} {
		if status, body := get(t, address+path); status != http.StatusServiceUnavailable || !strings.Contains(body, "needs") || !strings.Contains(body, "migrate") {
			t.Errorf("%s before the migration: %d %s", path, status, body)
		}
	}
	if status, body := get(t, address+"/livez"); status != http.StatusOK {
		t.Errorf("it does not live before the migration: %d %s", status, body)
	}
	expectShown(t, address, `longshore_ready{service=""} 0`, "longshore_postgres_up 1")
	if _, err := sql.Exec(t.Context(), `INSERT INTO public.longshore_migrations (version_id, is_applied) VALUES ($1, true)`, migrations.Latest()+2); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("after the migration: %v", err)
	}
}

// TestAWaitingStartEndsWhenAsked: a service that is stopped before there is a database has not failed.
func TestAWaitingStartEndsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	said := make(lines, 100)
	opened := make(chan error, 1)
	go func() {
		_, err := backing.Open(ctx, slog.New(slog.NewTextHandler(said, nil)), backing.Options{
			Admin: config.Admin{Addr: "127.0.0.1:0"}, Redis: config.Redis{URL: "redis://127.0.0.1:1/0"},
			Postgres: config.Postgres{URL: "postgres://127.0.0.1:1/none", Wait: time.Hour},
		})
		opened <- err
	}()
	address := "http://" + where.FindStringSubmatch(<-said)[1]
	<-said // that it waits
	expectShown(t, address, `longshore_ready{service=""} 0`, "longshore_postgres_up 0")
	stop()
	if err := <-opened; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
