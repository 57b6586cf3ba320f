package backing_test

import (
	"encoding/json"
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

func open(t *testing.T, o backing.Options) (*backing.Services, string, error) {
	t.Helper()
	said := make(lines, 100)
	o.Admin = config.Admin{Addr: "127.0.0.1:0"}
	base, err := backing.Open(t.Context(), slog.New(slog.NewTextHandler(said, nil)), o)
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
		Postgres: config.Postgres{URL: storetest.NewDatabase(t), MaxConns: 3}, Redis: config.Redis{URL: queuetest.New(t).URL},
		Store: store.Options{Schema: migrations.Latest()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, address+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("before it is ready: %d %s", status, body)
	}
	base.Ready()
	status, body := get(t, address+"/readyz")
	var said struct{ Parts map[string]string }
	if err := json.Unmarshal([]byte(body), &said); err != nil || status != http.StatusOK || said.Parts["postgres"] != "ok" || said.Parts["redis"] != "ok" {
		t.Errorf("ready: %d %s", status, body)
	}
	_, metrics := get(t, address+"/metrics")
	for _, line := range []string{`longshore_pool_connections_max{pool="postgres"} 3`, `longshore_pool_connections{pool="redis",state="busy"}`, "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(metrics, line) {
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
