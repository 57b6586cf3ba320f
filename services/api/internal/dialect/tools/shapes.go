package tools

import (
	"encoding/json"
	"strconv"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/operations"
)

// unfinished is the answer while the import runs: exactly the seed's members.
type unfinished struct {
	TaskReference string `json:"task_reference"`
	Status        string `json:"status"`
	Progress      string `json:"progress"`
}

// finished is the answer at the end: the seed's members first, ours after.
type finished struct {
	unfinished
	ImportedRecords int `json:"imported_records"`
	// Errors holds the rejected records as they were sent, in row order, up to a published limit.
	Errors []json.RawMessage `json:"errors"`

	Counts operation.Counts `json:"counts"`
	// ErrorsLink leads to all rejected records with their row numbers and reasons; absent when there are none.
	ErrorsLink string `json:"errors_link,omitempty"`
	// Error says why an import ended without success, as Azure's pollers read it when they come here for the result.
	Error *operation.Failure `json:"error,omitempty"`
}

func shapeUnfinished(op *operation.Operation) unfinished {
	return unfinished{
		TaskReference: op.Reference,
		Status:        Word(op.State),
		Progress:      strconv.Itoa(op.Counts.Percent()) + "%",
	}
}

func shapeFinished(op *operation.Operation, rejected []json.RawMessage, link string) finished {
	shape := finished{
		unfinished:      shapeUnfinished(op),
		ImportedRecords: op.Counts.Imported(),
		Errors:          rejected,
		Counts:          op.Counts,
		Error:           operations.FailureOf(op),
	}
	if op.Counts.Failed > 0 {
		shape.ErrorsLink = link
	}
	return shape
}
