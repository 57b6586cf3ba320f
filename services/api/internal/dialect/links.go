package dialect

import (
	"net/http"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// The names of an operation's links.
const (
	linkEvents      = "events"
	linkRecords     = "records"
	linkFailed      = "failedRecords"
	linkFailedCSV   = "failedRecordsCsv"
	linkUnprocessed = "unprocessedRecords"
	linkResults     = "results"
	linkDownload    = "download"
)

// Links returns the absolute addresses of an operation's events, records and output, by link name.
// A search has its results link from the beginning, because partial results are shown; a report has
// its download link once it succeeded.
func Links(op *operation.Operation, addresses edge.Addresses, r *http.Request) map[string]string {
	paths := map[string]string{linkEvents: EventsPath(op)}
	switch op.Kind {
	case operation.Import:
		paths[linkRecords] = OperationPath(op) + "/records"
		if op.Counts.Failed > 0 {
			paths[linkFailed] = RecordsPath(op, operation.Rejected)
			paths[linkFailedCSV] = RejectedCSVPath(op)
		}
		if op.State.Terminal() && op.Counts.Unprocessed() > 0 {
			paths[linkUnprocessed] = RecordsPath(op, operation.Unprocessed)
		}
	case operation.Search:
		paths[linkResults] = SearchPath(op)
	case operation.Report:
		if path := OutputPath(op); path != "" && op.State == operation.Succeeded {
			paths[linkDownload] = path
		}
	}
	for name, path := range paths {
		paths[name] = addresses.Absolute(r, path)
	}
	return paths
}
