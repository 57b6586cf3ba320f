// Package configtest tries a service's configuration. It is imported by tests only.
package configtest

import (
	"maps"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/config"
)

// Refuses wants the defaults to load, and each of the wrong values to be refused by itself, with the variable named.
func Refuses[C config.Checker](t *testing.T, wrong map[string]string) {
	t.Helper()
	good := map[string]string{"DATABASE_URL": "postgres://x", "REDIS_URL": "redis://y"}
	if _, err := config.Load[C](good); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	for variable, value := range wrong {
		environ := maps.Clone(good)
		environ[variable] = value
		_, err := config.Load[C](environ)
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s=%s: %v", variable, value, err)
		}
	}
}
