package config_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/configtest"
	"github.com/longshore-io/longshore/services/searcher/internal/config"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	configtest.ExpectInvalid[config.Config](t, map[string]string{
		"LONGSHORE_SEARCHER_CONCURRENCY":     "10",
		"LONGSHORE_SEARCH_MAX_RESULT_BYTES":  "2000000000",
		"LONGSHORE_SEARCH_STATEMENT_TIMEOUT": "0s",
		"LONGSHORE_MAX_ATTEMPTS":             "0",
		"LONGSHORE_QUEUE_POLL":               "0s",
	})
}
