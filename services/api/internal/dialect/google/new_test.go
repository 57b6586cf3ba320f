package google_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
)

func TestNewRejectsMissingDependencies(t *testing.T) {
	t.Parallel()
	if _, err := google.New(google.Deps{}); err == nil {
		t.Error("New() succeeded without dependencies, want an error")
	}
}
