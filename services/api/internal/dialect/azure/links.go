package azure

import (
	"net/http"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// The names of the links of an import.
const (
	linkEvents      = "events"
	linkRecords     = "records"
	linkFailed      = "failedRecords"
	linkUnprocessed = "unprocessedRecords"
)

// Output is where the output of an operation is, in the dialect that its kind comes from.
type Output struct {
	// Link is the name of the link.
	Link string
	// Path is where it leads; empty means that there is none.
	Path func(*operation.Operation) string
	// Partial tells that there is something to see while the operation is not finished.
	Partial bool
}

// Outputs says for each kind where its output is. A kind that is missing has none.
type Outputs map[operation.Kind]Output

// Links returns absolute addresses of all there is of an operation beside its monitor, by name.
func (o Outputs) Links(op *operation.Operation, addresses edge.Addresses, r *http.Request) map[string]string {
	paths := map[string]string{linkEvents: EventsPath(op)}
	if op.Kind == operation.Import {
		paths[linkRecords] = Path(op) + "/records"
		if op.Counts.Failed > 0 {
			paths[linkFailed] = RecordsPath(op, operation.Rejected)
		}
		if op.State.Terminal() && op.Counts.Unprocessed() > 0 {
			paths[linkUnprocessed] = RecordsPath(op, operation.Unprocessed)
		}
	}
	if output, there := o[op.Kind]; there && (op.State == operation.Succeeded || output.Partial) {
		if path := output.Path(op); path != "" {
			paths[output.Link] = path
		}
	}
	for name, path := range paths {
		paths[name] = addresses.Absolute(r, path)
	}
	return paths
}
