package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/configtest"
	"github.com/longshore-io/longshore/services/reporter/internal/config"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	configtest.ExpectInvalid[config.Config](t, map[string]string{
		"LONGSHORE_REPORTER_CONCURRENCY": "5",
		"LONGSHORE_MAX_ATTEMPTS":         "0",
		"LONGSHORE_QUEUE_POLL":           "0s",
		"LONGSHORE_FROZEN_AFTER":         "0s",
		"LONGSHORE_MAX_REPORT_BYTES":     "0",
	})
}
