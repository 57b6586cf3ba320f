package multipart_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/imports/multipart"
)

func TestNewRejectsMissingDependencies(t *testing.T) {
	t.Parallel()
	if _, err := multipart.New(multipart.Deps{}); err == nil {
		t.Error("New() succeeded without dependencies, want an error")
	}
}
