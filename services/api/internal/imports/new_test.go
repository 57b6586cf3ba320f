package imports_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/imports"
)

func TestNewRejectsMissingDependencies(t *testing.T) {
	t.Parallel()
	if _, err := imports.New(imports.Deps{}); err == nil {
		t.Error("New() succeeded without dependencies, want an error")
	}
}
