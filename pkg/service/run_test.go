package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/config"
)

// exampleConfig is the configuration of an example service.
type exampleConfig struct {
	Redis config.Redis
	Admin config.Admin
	Users []string `env:"LONGSHORE_USERS" secret:"users"`
	Size  int      `env:"LONGSHORE_SIZE" envDefault:"3"`
}

func (c exampleConfig) Check() error { return config.Positive("LONGSHORE_SIZE", c.Size) }

// executeExample executes the example service, whose run function returns runErr.
func executeExample(t *testing.T, environ map[string]string, runErr error, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	p := process{"example", args, environ, &out, &errOut}
	code = execute(t.Context(), p, func(_ context.Context, env Env, cfg exampleConfig) error {
		if env.Name != "example" || cfg.Redis.URL != environ["REDIS_URL"] {
			t.Errorf("run() got the environment %+v and the configuration %+v", env, cfg)
		}
		return runErr
	})
	return code, out.String(), errOut.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	const redis = "redis://q"
	good := map[string]string{"REDIS_URL": redis}
	badLog := map[string]string{"REDIS_URL": redis, "LONGSHORE_LOG_LEVEL": "loud"}
	for name, tt := range map[string]struct {
		environ map[string]string
		args    []string
		runErr  error
		code    int
		stderr  string
	}{
		"returned":                  {good, nil, nil, 0, "stopped"},
		"cancelled":                 {good, nil, context.Canceled, 0, "stopped"},
		"failed":                    {good, nil, errors.New("broken"), 1, "broken"},
		"invalid configuration":     {map[string]string{"LONGSHORE_SIZE": "x"}, nil, nil, 2, "LONGSHORE_SIZE"},
		"invalid log level":         {badLog, nil, nil, 2, "LONGSHORE_LOG_LEVEL"},
		"invalid sampler":           {map[string]string{"REDIS_URL": redis, "OTEL_TRACES_SAMPLER": "sometimes"}, nil, nil, 2, "OTEL_TRACES_SAMPLER"},
		"unknown argument":          {good, []string{"start"}, nil, 2, "usage: example"},
		"too many arguments":        {good, []string{"config", "now"}, nil, 2, "usage: example"},
		"config, invalid log level": {badLog, []string{"config"}, nil, 2, "LONGSHORE_LOG_LEVEL"},
		"config, invalid size": {
			map[string]string{"REDIS_URL": redis, "LONGSHORE_SIZE": "-1"},
			[]string{"config"},
			nil, 2,
			"LONGSHORE_SIZE must be greater than 0",
		},
		"config, invalid address": {
			map[string]string{"REDIS_URL": redis, "LONGSHORE_ADMIN_ADDR": "9090"},
			[]string{"config"},
			nil, 2,
			"LONGSHORE_ADMIN_ADDR must be host:port",
		},
		"healthcheck, port 0":        {good, []string{"healthcheck"}, nil, 1, "set a port"},
		"healthcheck, not listening": {map[string]string{"LONGSHORE_ADMIN_ADDR": "127.0.0.1:1"}, []string{"healthcheck"}, nil, 1, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := executeExample(t, tt.environ, tt.runErr, tt.args...)
			if code != tt.code {
				t.Errorf("exit code = %d, want %d", code, tt.code)
			}
			if stdout != "" {
				t.Errorf("stdout = %q, want nothing", stdout)
			}
			if !strings.Contains(stderr, tt.stderr) {
				t.Errorf("stderr = %q, want it to contain %q", stderr, tt.stderr)
			}
		})
	}
}

// TestCommand runs a command, which needs less of the configuration than the service.
func TestCommand(t *testing.T) {
	t.Parallel()
	errUsage := errors.New("no such word")
	for name, tt := range map[string]struct {
		environ map[string]string
		result  error
		code    int
		stderr  string
	}{
		"done":                  {map[string]string{"REDIS_URL": "redis://q"}, nil, 0, ""},
		"failed":                {map[string]string{"REDIS_URL": "redis://q"}, errors.New("broken"), 1, "example: broken\n"},
		"usage":                 {map[string]string{"REDIS_URL": "redis://q"}, errUsage, 2, "example: no such word\nusage: example count WORD\n"},
		"invalid configuration": {map[string]string{}, nil, 2, `required environment variable "REDIS_URL" is not set` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := Command{
				Name: "count", Usage: "count WORD", IsUsage: func(err error) bool { return errors.Is(err, errUsage) },
				Run: func(_ context.Context, environ map[string]string, args []string, out io.Writer) error {
					if _, err := config.Load[config.Redis](environ); err != nil {
						return err
					}
					_, _ = fmt.Fprint(out, len(args))
					return tt.result
				},
			}
			var out, errOut bytes.Buffer
			p := process{"example", []string{"count", "word"}, tt.environ, &out, &errOut}
			code := execute[exampleConfig](t.Context(), p, nil, command)
			if code != tt.code || errOut.String() != tt.stderr {
				t.Errorf("exit code = %d, stderr = %q, want %d and %q", code, errOut.String(), tt.code, tt.stderr)
			}
		})
	}
}

func TestUsageListsAllArguments(t *testing.T) {
	t.Parallel()
	_, _, stderr := executeExample(t, nil, nil, "--help")
	for _, argument := range []string{"config", "healthcheck", "version", "--version"} {
		if !strings.Contains(stderr, argument) {
			t.Errorf("usage = %q, want it to contain %s", stderr, argument)
		}
	}
}

func TestVersionArgument(t *testing.T) {
	t.Parallel()
	for _, argument := range []string{"version", "--version"} {
		code, stdout, stderr := executeExample(t, nil, nil, argument)
		if code != 0 || stderr != "" {
			t.Errorf("%s: exit code = %d, stderr = %q, want 0 and nothing", argument, code, stderr)
		}
		if !strings.HasPrefix(stdout, "example "+release) || !strings.HasSuffix(stdout, ", "+runtime.Version()+"\n") {
			t.Errorf("%s: stdout = %q, want the name, %s and %s", argument, stdout, release, runtime.Version())
		}
	}
}

func TestShowConfigHidesSecrets(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := executeExample(t, map[string]string{
		"REDIS_URL": "rediss://:hush@queue.example:6379/0?db=1", "LONGSHORE_USERS": "ann:hush,bob:hush:hush,hush", "LONGSHORE_SIZE": "",
		"LONGSHORE_SISE": "hush", "HOME": "/", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=hush",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "https://ann:hush@collector.example",
	}, nil, "config")
	var got config.Description
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 || stderr != "" {
		t.Fatalf("exit code = %d, stderr = %q, want 0 and nothing; stdout %q: %v", code, stderr, stdout, err)
	}
	if strings.Contains(stdout, "hush") {
		t.Errorf("stdout = %s, want no secret in it", stdout)
	}
	want := config.Description{
		Service: "example",
		Variables: []config.Variable{
			{Name: "LONGSHORE_ADMIN_ADDR", Default: "127.0.0.1:0", Value: "127.0.0.1:0"},
			{Name: "LONGSHORE_LOG_FORMAT", Default: "json", Value: "json"},
			{Name: "LONGSHORE_LOG_LEVEL", Default: "info", Value: "info"},
			{Name: "LONGSHORE_PROFILING", Default: "false", Value: "false"},
			{Name: "LONGSHORE_REDIS_CA_FILE"},
			{Name: "LONGSHORE_REDIS_CERT_FILE"},
			{Name: "LONGSHORE_REDIS_KEY_FILE"},
			{Name: "LONGSHORE_REDIS_PREFIX"},
			{Name: "LONGSHORE_SIZE", Default: "3", Value: "3"},
			{Name: "LONGSHORE_USERS", Value: "ann:xxxxx,bob:xxxxx,xxxxx"},
			{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "https://ann:xxxxx@collector.example"},
			{Name: "OTEL_EXPORTER_OTLP_HEADERS", Value: "xxxxx"},
			{Name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"},
			{Name: "OTEL_TRACES_SAMPLER", Default: "parentbased_always_on", Value: "parentbased_always_on"},
			{Name: "OTEL_TRACES_SAMPLER_ARG"},
			{Name: "REDIS_URL", Required: true, Value: "rediss://:xxxxx@queue.example:6379/0?db=1"},
		},
		Unknown: []string{"LONGSHORE_SISE"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{http.StatusOK: 0, http.StatusServiceUnavailable: 1} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("path " + r.URL.Path))
		}))
		t.Cleanup(server.Close)
		_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
		for _, host := range []string{"127.0.0.1", "0.0.0.0", "", "[::]"} {
			code, stdout, stderr := executeExample(t, map[string]string{"LONGSHORE_ADMIN_ADDR": host + ":" + port}, nil, "healthcheck")
			if code != want {
				t.Errorf("status %d at %q: exit code = %d, want %d", status, host, code, want)
			}
			if stdout != "path /readyz" || stderr != "" {
				t.Errorf("status %d at %q: stdout = %q, stderr = %q, want the body and nothing", status, host, stdout, stderr)
			}
		}
	}
}
