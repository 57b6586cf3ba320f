package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

// example is the configuration of an example service.
type example struct {
	Postgres config.Postgres
	Redis    config.Redis
	Shutdown config.Shutdown
	Size     int `env:"SIZE" envDefault:"3"`
}

func (e example) Check() error {
	return errors.Join(config.Positive("SIZE", e.Size), config.Positive("LONGSHORE_SHUTDOWN_GRACE", e.Shutdown.Grace))
}

func TestLoad(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[example](map[string]string{"DATABASE_URL": "postgres://x", "REDIS_URL": "redis://y", "SIZE": "7"})
	if err != nil || cfg.Postgres.URL != "postgres://x" || cfg.Size != 7 || cfg.Shutdown.Grace != 20*time.Second {
		t.Errorf("Load() = %+v, %v, want the values and the defaults", cfg, err)
	}
}

func TestLoadReturnsAllProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		environ map[string]string
		want    []string
	}{
		"missing and malformed": {map[string]string{"SIZE": "big"}, []string{"DATABASE_URL", "REDIS_URL", "SIZE"}},
		"broken rules": {
			map[string]string{"DATABASE_URL": "x", "REDIS_URL": "y", "SIZE": "0", "LONGSHORE_SHUTDOWN_GRACE": "-1s"},
			[]string{"SIZE must be greater than 0, not 0", "LONGSHORE_SHUTDOWN_GRACE must be greater than 0, not -1s"},
		},
	} {
		_, err := config.Load[example](tt.environ)
		for _, part := range tt.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: Load() = %v, want an error that contains %q", name, err, part)
			}
		}
	}
}
