package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/configtest"
	"github.com/longshore-io/longshore/services/importer/internal/config"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	configtest.ExpectInvalid[config.Config](t, map[string]string{
		"LONGSHORE_IMPORTER_CONCURRENCY": "5",
		"LONGSHORE_MAX_DEPTH":            "5000",
		"LONGSHORE_MAX_MEMBERS":          "0",
		"LONGSHORE_PARENT_WAIT":          "-1s",
		"LONGSHORE_MAX_ATTEMPTS":         "0",
		"LONGSHORE_QUEUE_POLL":           "0s",
	})
}
