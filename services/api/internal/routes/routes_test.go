package routes_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/imports/multipart"
	"github.com/longshore-io/longshore/services/api/internal/reports"
	"github.com/longshore-io/longshore/services/api/internal/searches"
)

// Every constructor rejects missing dependencies and names them.
func TestConstructorsRejectMissingDependencies(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"azure":     errorOf(azure.New(azure.Deps{})),
		"google":    errorOf(google.New(google.Deps{})),
		"tasks":     errorOf(tasks.New(tasks.Deps{})),
		"imports":   errorOf(imports.New(imports.Deps{})),
		"multipart": errorOf(multipart.New(multipart.Deps{})),
		"searches":  errorOf(searches.New(searches.Deps{})),
		"reports":   errorOf(reports.New(reports.Deps{})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if want := name + ".Deps."; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("New() error = %v, want one that contains %q", err, want)
			}
		})
	}
}

func errorOf[T any](_ T, err error) error { return err }
