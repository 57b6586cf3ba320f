package azure_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

func TestNewRejectsMissingDependencies(t *testing.T) {
	t.Parallel()
	if _, err := azure.New(azure.Deps{}); err == nil {
		t.Error("New() succeeded without dependencies, want an error")
	}
}
