package tasks_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
)

func TestNewRejectsMissingDependencies(t *testing.T) {
	t.Parallel()
	if _, err := tasks.New(tasks.Deps{}); err == nil {
		t.Error("New() succeeded without dependencies, want an error")
	}
}
