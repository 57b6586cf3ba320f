// Package configtest tests the configuration of a service. Only tests import it.
package configtest

import (
	"maps"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/config"
)

// ExpectInvalid checks that the defaults are valid, and that each of the values alone is invalid, with
// an error that contains its variable.
func ExpectInvalid[C config.Checker](t *testing.T, values map[string]string) {
	t.Helper()
	good := map[string]string{"DATABASE_URL": "postgres://x", "REDIS_URL": "redis://y"}
	if _, err := config.Load[C](good); err != nil {
		t.Errorf("Load() with the defaults = %v, want nil", err)
	}
	for variable, value := range values {
		environ := maps.Clone(good)
		environ[variable] = value
		_, err := config.Load[C](environ)
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("Load() with %s=%s = %v, want an error that contains %s", variable, value, err, variable)
		}
	}
}
