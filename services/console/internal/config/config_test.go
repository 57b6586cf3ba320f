package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/configtest"
	"github.com/longshore-io/longshore/services/console/internal/config"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	configtest.ExpectInvalid[config.Config](t, map[string]string{
		"LONGSHORE_CONSOLE_ADDR":      "0.0.0.0:8090",
		"LONGSHORE_CONSOLE_VIEWERS":   "nobody",
		"LONGSHORE_CONSOLE_OPERATORS": "ann:",
		"LONGSHORE_TRACE_URL":         "javascript:alert({trace_id})",
	})
}
