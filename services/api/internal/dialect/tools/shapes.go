package tools

import (
	"encoding/json"
	"strconv"

	"github.com/longshore-io/longshore/pkg/operation"
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
	// ErrorMessage says why an import failed as a whole.
	ErrorMessage string `json:"error_message,omitempty"`
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
	}
	if op.Counts.Failed > 0 {
		shape.ErrorsLink = link
	}
	if op.Failure != nil {
		shape.ErrorMessage = op.Failure.Message
	}
	return shape
}
