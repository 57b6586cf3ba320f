package service_test

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
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// unreachableRedis is an address at which nothing listens.
const unreachableRedis = "redis://127.0.0.1:1/0"

// logLines is a log whose records tests receive one by one.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default: // more than a test reads
	}
	return len(p), nil
}

var adminAddress = regexp.MustCompile(`"health and metrics" addr=(\S+)`)

// adminURL receives the log record of the admin listener.
func (l logLines) adminURL(t *testing.T) string {
	t.Helper()
	record := <-l
	match := adminAddress.FindStringSubmatch(record)
	if match == nil {
		t.Fatalf("log record = %q, want the address of the admin listener", record)
	}
	return "http://" + match[1]
}

func (l logLines) env() service.Env {
	return service.Env{Name: "example", Log: slog.New(slog.NewTextHandler(l, nil))}
}

// opener is service.Open or service.OpenQueue.
type opener func(context.Context, service.Env, service.Options) (*service.Dependencies, error)

func open(t *testing.T, open opener, o service.Options) (deps *service.Dependencies, adminURL string, err error) {
	t.Helper()
	log := make(logLines, 100)
	o.Admin = config.Admin{Addr: "127.0.0.1:0"}
	deps, err = open(t.Context(), log.env(), o)
	adminURL = log.adminURL(t)
	if err == nil {
		t.Cleanup(deps.Close)
	}
	return deps, adminURL, err
}

// start opens in the background and returns when the start waits for the database.
func start(ctx context.Context, t *testing.T, o service.Options) (adminURL string, result <-chan error) {
	t.Helper()
	log := make(logLines, 100)
	o.Admin = config.Admin{Addr: "127.0.0.1:0"}
	o.Redis = config.Redis{URL: unreachableRedis}
	opened := make(chan error, 1)
	go func() {
		deps, err := service.Open(ctx, log.env(), o)
		if err == nil {
			deps.Close()
		}
		opened <- err
	}()
	adminURL = log.adminURL(t)
	<-log // "waiting for the database"
	return adminURL, opened
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

// expectMetrics fails unless every prefix begins a line of the metrics.
func expectMetrics(t *testing.T, adminURL string, prefixes ...string) {
	t.Helper()
	_, metrics := get(t, adminURL+"/metrics")
	for _, prefix := range prefixes {
		if !strings.Contains(metrics, "\n"+prefix) {
			t.Errorf("the metrics have no line that begins with %s", prefix)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	deps, adminURL, err := open(t, service.Open, service.Options{
		Postgres: config.Postgres{URL: storetest.NewDatabase(t), MaxConns: 3}, Redis: config.Redis{URL: queuetest.New(t).URL},
		Store: store.Options{Schema: migrations.Latest()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, adminURL+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("GET /readyz before SetReady() = %d %s, want 503", status, body)
	}
	expectMetrics(t, adminURL, `longshore_ready{service="example"} 0`, "longshore_postgres_up 1")
	deps.SetReady()
	status, body := get(t, adminURL+"/readyz")
	var health struct{ Parts map[string]string }
	if err := json.Unmarshal([]byte(body), &health); err != nil {
		t.Fatalf("GET /readyz: body %s: %v", body, err)
	}
	if status != http.StatusOK || health.Parts["postgres"] != "ok" || health.Parts["redis"] != "ok" {
		t.Errorf("GET /readyz = %d %s, want 200 with postgres and redis ok", status, body)
	}
	expectMetrics(t, adminURL,
		`longshore_pool_connections_max{pool="postgres"} 3`, `longshore_pool_connections{pool="redis",state="busy"}`, "longshore_redis_up 1",
		`longshore_ready{service="example"} 1`, "longshore_postgres_up 1", "longshore_build_info", "go_goroutines",
		"process_resident_memory_bytes",
	)
	deps.Store.Close()
	expectMetrics(t, adminURL, "longshore_postgres_up 0")
}

func TestOpenWithoutPostgresFailsAfterWait(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, 1200 * time.Millisecond} {
		started := time.Now()
		_, _, err := open(t, service.Open, service.Options{
			Postgres: config.Postgres{URL: "postgres://127.0.0.1:1/none", Wait: wait}, Redis: config.Redis{URL: unreachableRedis},
		})
		if elapsed := time.Since(started); err == nil || elapsed < wait {
			t.Errorf("Open() with a wait of %s returned %v after %s, want an error after the wait", wait, err, elapsed)
		}
	}
}

func TestOpenQueueIsDegradedWithoutRedis(t *testing.T) {
	t.Parallel()
	deps, adminURL, err := open(t, service.OpenQueue, service.Options{Redis: config.Redis{URL: unreachableRedis}})
	if err != nil {
		t.Fatal(err)
	}
	deps.SetReady()
	degraded := false
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for started := time.Now(); !degraded && time.Since(started) < 30*time.Second; <-ticker.C {
		status, body := get(t, adminURL+"/readyz")
		if status != http.StatusOK || strings.Contains(body, "postgres") {
			t.Fatalf("GET /readyz = %d %s, want 200 without postgres", status, body)
		}
		degraded = strings.Contains(body, `"degraded"`)
	}
	if !degraded {
		t.Error("GET /readyz was not degraded within 30 s")
	}
	expectMetrics(t, adminURL, "longshore_redis_up 0")
}

// TestOpenWaitsForMigration: the probes report the missing migration, and a schema that is newer
// than required is accepted.
func TestOpenWaitsForMigration(t *testing.T) {
	t.Parallel()
	database := storetest.NewDatabase(t)
	sql := storetest.Connect(t, database)
	adminURL, opened := start(t.Context(), t, service.Options{
		Postgres: config.Postgres{URL: database, Wait: time.Minute}, Store: store.Options{Schema: migrations.Latest() + 1},
	})
	for _, path := range []string{"/startupz", "/readyz"} {
		status, body := get(t, adminURL+path)
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "needs") || !strings.Contains(body, "migrate") {
			t.Errorf("GET %s before the migration = %d %s, want 503 and the missing migration", path, status, body)
		}
	}
	if status, body := get(t, adminURL+"/livez"); status != http.StatusOK {
		t.Errorf("GET /livez before the migration = %d %s, want 200", status, body)
	}
	expectMetrics(t, adminURL, `longshore_ready{service="example"} 0`, "longshore_postgres_up 1")
	_, err := sql.Exec(t.Context(), `INSERT INTO xforce.longshore_migrations (version_id, is_applied) VALUES ($1, true)`,
		migrations.Latest()+2)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("Open() after the migration: %v", err)
	}
}

// TestOpenStoreWaitsForMigration: a command waits as a service does, and reports why.
func TestOpenStoreWaitsForMigration(t *testing.T) {
	t.Parallel()
	database := storetest.NewDatabase(t)
	sql := storetest.Connect(t, database)
	migrate := func(err error) {
		if _, outdated := errors.AsType[*store.SchemaError](err); !outdated {
			t.Errorf("reason to wait = %v, want the missing migration", err)
		}
		const insert = `INSERT INTO xforce.longshore_migrations (version_id, is_applied) VALUES ($1, true)`
		if _, err := sql.Exec(t.Context(), insert, migrations.Latest()+1); err != nil {
			t.Error(err)
		}
	}
	cfg := config.Postgres{URL: database, Wait: time.Minute, Pooler: config.PoolerNone}
	db, err := service.OpenStore(t.Context(), cfg, store.Options{Schema: migrations.Latest() + 1}, migrate)
	if err != nil {
		t.Fatalf("OpenStore() after the migration: %v", err)
	}
	db.Close()
}

// TestOpenStopsWhileWaiting: a service that is stopped before it has a database has not failed.
func TestOpenStopsWhileWaiting(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	adminURL, opened := start(ctx, t, service.Options{Postgres: config.Postgres{URL: "postgres://127.0.0.1:1/none", Wait: time.Hour}})
	expectMetrics(t, adminURL, `longshore_ready{service="example"} 0`, "longshore_postgres_up 0")
	stop()
	if err := <-opened; !errors.Is(err, context.Canceled) {
		t.Errorf("Open() = %v, want context.Canceled", err)
	}
}

// TestReadyTellsDurability: a Postgres that may lose what it has committed makes no service unready.
func TestReadyTellsDurability(t *testing.T) {
	t.Parallel()
	database := storetest.NewDatabase(t)
	var durable bool
	const settings = `SELECT current_setting('fsync')::bool AND current_setting('full_page_writes')::bool`
	if err := storetest.Connect(t, database).QueryRow(t.Context(), settings).Scan(&durable); err != nil {
		t.Fatal(err)
	}
	deps, adminURL, err := open(t, service.Open, service.Options{Postgres: config.Postgres{URL: database}, Redis: config.Redis{URL: queuetest.New(t).URL}})
	if err != nil {
		t.Fatal(err)
	}
	deps.SetReady()
	status, body := get(t, adminURL+"/readyz")
	if atRisk := strings.Contains(body, `"durability":"at risk"`); status != http.StatusOK || atRisk == durable {
		t.Errorf("GET /readyz = %d %s, want 200 and durability at risk: %t", status, body, !durable)
	}
}
