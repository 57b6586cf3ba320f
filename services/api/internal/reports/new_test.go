package reports_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/reports"
)

func TestNewRejectsMissingDependencies(t *testing.T) {
	t.Parallel()
	if _, err := reports.New(reports.Deps{}); err == nil {
		t.Error("New() succeeded without dependencies, want an error")
	}
}
