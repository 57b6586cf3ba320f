package dialect

import "github.com/longshore-io/longshore/pkg/operation"

// Counts are the record counts of an import with two derived numbers, so that clients need no
// arithmetic: created + updated + superseded + failed + unprocessed = total.
type Counts struct {
	operation.Counts
	Imported    int `json:"imported"`
	Unprocessed int `json:"unprocessed"`
}

// CountsOf returns the counts of an import; nil for other kinds of operation.
func CountsOf(kind operation.Kind, c operation.Counts) *Counts {
	if kind != operation.Import {
		return nil
	}
	return &Counts{Counts: c, Imported: c.Imported(), Unprocessed: c.Unprocessed()}
}

// importResult is the result of an import that succeeded.
type importResult struct {
	*Counts
	// FailedRecords is the address of the rejected records; absent if there are none.
	FailedRecords string `json:"failedRecordsLocation,omitempty"`
	// FailedRecordsCSV is the address of the same as CSV.
	FailedRecordsCSV string `json:"failedRecordsCsvLocation,omitempty"`
}

// ResultOf returns the result of an operation, which marshals to a JSON object; nil unless it
// succeeded. links are those of Links.
func ResultOf(op *operation.Operation, links map[string]string) any {
	switch {
	case op.State != operation.Succeeded:
		return nil
	case op.Kind == operation.Import:
		return importResult{CountsOf(op.Kind, op.Counts), links[linkFailed], links[linkFailedCSV]}
	case len(op.Result) == 0:
		return struct{}{}
	default:
		return op.Result
	}
}
