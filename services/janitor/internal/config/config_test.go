package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/configtest"
	"github.com/longshore-io/longshore/services/janitor/internal/config"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	configtest.ExpectInvalid[config.Config](t, map[string]string{
		"LONGSHORE_ABANDONED_AFTER":     "10s",
		"LONGSHORE_DISPATCH_EVERY":      "0s",
		"LONGSHORE_EXPIRE_EVERY":        "0s",
		"LONGSHORE_STALLED_AFTER":       "-1s",
		"LONGSHORE_TOMBSTONE_RETENTION": "-1h",
	})
}
