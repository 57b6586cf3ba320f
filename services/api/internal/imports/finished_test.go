package imports

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
)

// TestAcceptedDocumentOfFinishedImport: an import that has finished before its 202 is answered carries its counts, and
// links to the rejected records as JSON and as CSV.
func TestAcceptedDocumentOfFinishedImport(t *testing.T) {
	t.Parallel()
	absolute := func(path string) string { return "https://x" + path }
	counts := operation.Counts{Total: 3, Created: 1, Failed: 2}
	imported := counts.Imported()
	op := &operation.Operation{State: operation.Succeeded, Kind: operation.Import, Counts: counts}
	records := "https://x/operations/" + op.ShownID().String() + "/records?outcome=failed"
	for name, tt := range map[string]struct {
		state operation.State
		want  acceptedDocument
	}{
		"succeeded": {operation.Succeeded, acceptedDocument{
			ImportedRecords: &imported, Counts: &counts, ErrorsLink: records, ErrorsCSV: records + "&format=csv",
		}},
		"running": {operation.Running, acceptedDocument{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got acceptedDocument
			finished := *op
			finished.State = tt.state
			got.finish(&finished, absolute)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("finish() (-want +got):\n%s", diff)
			}
		})
	}
}
