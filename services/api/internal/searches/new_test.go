package searches_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/searches"
)

func TestNewRejectsMissingDependencies(t *testing.T) {
	t.Parallel()
	if _, err := searches.New(searches.Deps{}); err == nil {
		t.Error("New() succeeded without dependencies, want an error")
	}
}
