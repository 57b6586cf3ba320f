package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/config"
)

// settings is the configuration of an example.
type settings struct {
	Redis config.Redis
	Admin config.Admin
	Users []string `env:"LONGSHORE_USERS" secret:"users"`
	Size  int      `env:"LONGSHORE_SIZE" envDefault:"3"`
}

// Check holds the rules across fields.
func (s settings) Check() error { return config.Positive("LONGSHORE_SIZE", s.Size) }

// try starts an example; its run function ends with the error given.
func try(t *testing.T, environ map[string]string, end error, args ...string) (code int, out, complaints string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := process{"example", args, environ, &stdout, &stderr}
	code = start(t.Context(), p, func(_ context.Context, env Env, cfg settings) error {
		if env.Name != "example" || cfg.Redis.URL != environ["REDIS_URL"] {
			t.Errorf("it runs with %+v, %+v", env, cfg)
		}
		return end
	})
	return code, stdout.String(), stderr.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	good := map[string]string{"REDIS_URL": "redis://q"}
	for name, tt := range map[string]struct {
		environ map[string]string
		args    []string
		end     error
		code    int
		says    string
	}{
		"ended":          {good, nil, nil, 0, "stopped"},
		"asked to stop":  {good, nil, context.Canceled, 0, "stopped"},
		"failed":         {good, nil, errors.New("broken"), 1, "broken"},
		"misconfigured":  {map[string]string{"LONGSHORE_SIZE": "x"}, nil, nil, 2, "LONGSHORE_SIZE"},
		"bad log":        {map[string]string{"REDIS_URL": "redis://q", "LONGSHORE_LOG_LEVEL": "loud"}, nil, nil, 2, "LONGSHORE_LOG_LEVEL"},
		"bad argument":   {good, []string{"start"}, nil, 2, "usage: example"},
		"much too much":  {good, []string{"config", "now"}, nil, 2, "usage: example"},
		"config, log":    {map[string]string{"REDIS_URL": "redis://q", "LONGSHORE_LOG_LEVEL": "loud"}, []string{"config"}, nil, 2, "LONGSHORE_LOG_LEVEL"},
		"config, size":   {map[string]string{"REDIS_URL": "redis://q", "LONGSHORE_SIZE": "-1"}, []string{"config"}, nil, 2, "LONGSHORE_SIZE must be greater than 0"},
		"config, part":   {map[string]string{"REDIS_URL": "redis://q", "LONGSHORE_ADMIN_ADDR": "9090"}, []string{"config"}, nil, 2, "LONGSHORE_ADMIN_ADDR must be host:port"},
		"health, port 0": {good, []string{"healthcheck"}, nil, 1, "set a port"},
		"health, nobody": {map[string]string{"LONGSHORE_ADMIN_ADDR": "127.0.0.1:1"}, []string{"healthcheck"}, nil, 1, "refused"},
	} {
		if code, out, said := try(t, tt.environ, tt.end, tt.args...); code != tt.code || !strings.Contains(said, tt.says) || out != "" {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out, said)
		}
	}
}

func TestConfigIsToldWithoutSecrets(t *testing.T) {
	t.Parallel()
	code, out, complaints := try(t, map[string]string{
		"REDIS_URL": "rediss://:hush@queue.example:6379/0?db=1", "LONGSHORE_USERS": "ann:hush,bob:hush:hush,hush", "LONGSHORE_SIZE": "",
		"LONGSHORE_SISE": "hush", "HOME": "/",
	}, nil, "config")
	var got config.Description
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || complaints != "" {
		t.Fatalf("exit code %d, %v: %s%s", code, err, out, complaints)
	}
	if strings.Contains(out, "hush") {
		t.Errorf("a secret is told: %s", out)
	}
	want := []config.Variable{
		{Name: "LONGSHORE_ADMIN_ADDR", Default: "127.0.0.1:0", Value: "127.0.0.1:0"},
		{Name: "LONGSHORE_LOG_FORMAT", Default: "json", Value: "json"},
		{Name: "LONGSHORE_LOG_LEVEL", Default: "info", Value: "info"},
		{Name: "LONGSHORE_SIZE", Default: "3", Value: "3"},
		{Name: "LONGSHORE_USERS", Value: "ann:xxxxx,bob:xxxxx,xxxxx"},
		{Name: "REDIS_URL", Required: true, Value: "rediss://:xxxxx@queue.example:6379/0?db=1"},
	}
	if len(got.Variables) != len(want) || got.Service != "example" || strings.Join(got.Unknown, " ") != "LONGSHORE_SISE" {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got.Variables[i] != want[i] {
			t.Errorf("got %+v, want %+v", got.Variables[i], want[i])
		}
	}
}

func TestHealthcheckTellsWhatTheServiceSays(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{http.StatusOK: 0, http.StatusServiceUnavailable: 1} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("asked " + r.URL.Path))
		}))
		t.Cleanup(service.Close)
		_, port, _ := strings.Cut(service.Listener.Addr().String(), ":")
		for _, host := range []string{"127.0.0.1", "0.0.0.0", "", "[::]"} {
			code, out, complaints := try(t, map[string]string{"LONGSHORE_ADMIN_ADDR": host + ":" + port}, nil, "healthcheck")
			if code != want || out != "asked /readyz" || complaints != "" {
				t.Errorf("%d at %q: exit code %d, %q, %q", status, host, code, out, complaints)
			}
		}
	}
}
