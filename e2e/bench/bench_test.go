package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/redis"
)

// TestRun runs the whole program with few records, except the idle services, which take ten
// seconds.
func TestRun(t *testing.T) {
	t.Parallel()
	server, err := redis.Start(t.Context(), redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	environment := func(name string) string {
		if name == "REDIS_URL" {
			return server.URL()
		}
		return os.Getenv(name)
	}
	folder := t.TempDir()
	args := []string{"-records", "6000", "-only", "baseline,import,again,latency", "-json", "-folder", folder}
	var out, log strings.Builder
	if err := run(t.Context(), args, environment, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	var report struct {
		Imports []struct {
			Baselines []float64         `json:"baselineSeconds"`
			Loads     []json.RawMessage `json:"loads"`
		} `json:"imports"`
		Latency *json.RawMessage `json:"latency"`
	}
	if err := json.Unmarshal([]byte(out.String()), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Imports) != 1 || len(report.Imports[0].Baselines) != 2 || len(report.Imports[0].Loads) != 2 || report.Latency == nil {
		t.Errorf("report = %s, want two baselines, two loads and the latency", out.String())
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) > 0 {
		t.Errorf("files after run() = %v, %v, want none", left, err)
	}
}
