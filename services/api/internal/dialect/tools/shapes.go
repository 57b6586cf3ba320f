package tools

import (
	"fmt"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
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
	// Errors holds the rejected records as they were sent, in row order, up to published limits of number and bytes.
	Errors []jsontext.Value `json:"errors"`

	// ErrorsTruncated is there, and true, if there are more rejected records than Errors holds.
	ErrorsTruncated bool             `json:"errors_truncated,omitzero"`
	Counts          operation.Counts `json:"counts"`
	// ErrorsLink leads to all rejected records with their row numbers and reasons; absent when there are none.
	ErrorsLink string `json:"errors_link,omitzero"`
	// Error says why an import ended without success, as Azure's pollers read it when they come here for the result.
	Error *operation.Failure `json:"error,omitzero"`
}

func shapeUnfinished(op *operation.Operation) unfinished {
	return unfinished{
		TaskReference: op.Reference,
		Status:        Word(op.State),
		Progress:      strconv.Itoa(op.Counts.Percent()) + "%",
	}
}

func shapeFinished(op *operation.Operation, rejected []jsontext.Value, link string) finished {
	shape := finished{
		unfinished:      shapeUnfinished(op),
		ImportedRecords: op.Counts.Imported(),
		Errors:          rejected,
		ErrorsTruncated: len(rejected) < op.Counts.Failed,
		Counts:          op.Counts,
		Error:           azure.FailureOf(op),
	}
	if op.Counts.Failed > 0 {
		shape.ErrorsLink = link
	}
	return shape
}

// asSent lets the rejected records through as they were sent: some were rejected for being no strict JSON.
var asSent = []json.Options{
	jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true),
}

// writeFinished writes the answer as it is encoded, so that the rejected records are not held once more.
func writeFinished(c *gin.Context, shape finished) error {
	c.Header("Content-Type", "application/json; charset=utf-8")
	if err := json.MarshalEncode(jsontext.NewEncoder(c.Writer, asSent...), shape); err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	return nil
}
