package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/configtest"
	"github.com/longshore-io/longshore/services/api/internal/config"
)

func TestConfigCheckNamesInvalidVariables(t *testing.T) {
	t.Parallel()
	configtest.ExpectInvalid[config.Config](t, map[string]string{
		"LONGSHORE_CHUNK_BYTES":      "200000000",
		"LONGSHORE_MAX_DEPTH":        "5000",
		"LONGSHORE_MAX_RECORDS":      "3000000000",
		"LONGSHORE_PUBLIC_URL":       "imports.example.com",
		"LONGSHORE_CONSOLE_URL":      "ftp://console.example.com",
		"LONGSHORE_LANES":            "0",
		"LONGSHORE_SEARCH_RETENTION": "200h",
		"LONGSHORE_IMPORT_RETENTION": "1m",
		"LONGSHORE_MAX_WAIT":         "0s",
		"LONGSHORE_WRITE_TIMEOUT":    "900ms",
		"LONGSHORE_POLL_WITHIN":      "0s",
		"LONGSHORE_SEARCH_MAX_LIMIT": "0",
		"LONGSHORE_SEARCH_MOMENT":    "0s",
		"LONGSHORE_UPLOAD_GRACE":     "soon",
		"LONGSHORE_MAX_PART_BYTES":   "0",
		"LONGSHORE_MAX_PARTS":        "3000000000",
		"LONGSHORE_UPLOAD_RETENTION": "30s",
	})
	configtest.ExpectInvalid[config.Config](t, map[string]string{"LONGSHORE_LANES": "1025"})
	configtest.ExpectInvalid[config.Config](t, map[string]string{"LONGSHORE_DIALECTS": "azure,soap"})
	configtest.ExpectInvalid[config.Config](t, map[string]string{"LONGSHORE_DIALECTS": "google"})
	configtest.ExpectInvalid[config.Config](t, map[string]string{"LONGSHORE_AUTH": "maybe"})
	configtest.ExpectInvalid[config.Config](t, map[string]string{"LONGSHORE_FIRST_KEY": "secret"})
	configtest.ExpectInvalid[config.Config](t, map[string]string{ // passwords that every client would see
		"LONGSHORE_PUBLIC_URL":  "https://ann:hush@imports.example.com",
		"LONGSHORE_CONSOLE_URL": "https://ann:hush@console.example.com",
	})
}
