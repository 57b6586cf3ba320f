package imports

import (
	"fmt"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// Reading says how a body was read. It is zero for a body that is read later.
type Reading struct {
	// Delimiter is the delimiter of a CSV body.
	Delimiter string `json:"csv_delimiter,omitempty"`
	// BlankRows is how many rows of a CSV body had no value and were skipped.
	BlankRows int `json:"csv_blank_rows,omitempty"`
}

// acceptedDocument is the body of a 202 response: the two members of seed 000, then Longshore's
// own.
type acceptedDocument struct {
	TaskReference string `json:"task_reference"`
	Status        string `json:"status"`
	ID            string `json:"id"`
	TotalRecords  int    `json:"total_records"`
	Reading
	// ImportedRecords, Counts, ErrorsLink, ErrorsCSV and Error are present if the import is finished already: see
	// finishedDocument.
	ImportedRecords *int               `json:"imported_records,omitempty"`
	Counts          *operation.Counts  `json:"counts,omitempty"`
	ErrorsLink      string             `json:"errors_link,omitempty"`
	ErrorsCSV       string             `json:"errors_csv_link,omitempty"`
	Error           *operation.Failure `json:"error,omitempty"`
	// Ordering is none for a collection in which the row that is written last stays; absent for others.
	Ordering collection.Ordering `json:"ordering,omitempty"`
}

// statusDocument is the status of an unfinished import: exactly the members of seed 000.
type statusDocument struct {
	TaskReference string `json:"task_reference"`
	Status        string `json:"status"`
	Progress      string `json:"progress"`
}

// finishedDocument is the status of a finished import: the members of seed 000, then Longshore's
// own.
type finishedDocument struct {
	statusDocument
	ImportedRecords int `json:"imported_records"`
	// Errors are rejected records as they were sent, in row order, limited in number and bytes.
	Errors []jsontext.Value `json:"errors"`

	// ErrorsTruncated is true, and present, if there are more rejected records than Errors
	// contains.
	ErrorsTruncated bool             `json:"errors_truncated,omitzero"`
	Counts          operation.Counts `json:"counts"`
	// ErrorsLink is the address of all rejected records with row numbers and reasons; absent if
	// there are none.
	ErrorsLink string `json:"errors_link,omitzero"`
	// ErrorsCSV is the address of the same as CSV, for spreadsheets.
	ErrorsCSV string `json:"errors_csv_link,omitzero"`
	// Warnings are for those who maintain the collection's table; absent without any.
	Warnings []string `json:"warnings,omitempty"`
	// Error is why the import failed, in the form that Azure's pollers read when they fetch the
	// result from this address.
	Error *operation.Failure `json:"error,omitzero"`
}

func newStatusDocument(op *operation.Operation) statusDocument {
	return statusDocument{
		TaskReference: op.Reference,
		Status:        Word(op.State),
		Progress:      strconv.Itoa(op.Counts.Percent()) + "%",
	}
}

func newFinishedDocument(op *operation.Operation, rejected []jsontext.Value, absolute func(path string) string) finishedDocument {
	document := finishedDocument{
		statusDocument:  newStatusDocument(op),
		ImportedRecords: op.Counts.Imported(),
		Errors:          rejected,
		ErrorsTruncated: len(rejected) < op.Counts.Failed,
		Counts:          op.Counts,
		Warnings:        op.Warnings,
		Error:           dialect.FailureOf(op),
	}
	if op.Counts.Failed > 0 {
		document.ErrorsLink, document.ErrorsCSV = absolute(dialect.RecordsPath(op, operation.Rejected)), absolute(dialect.RejectedCSVPath(op))
	}
	return document
}

// finish adds the members of a finished import.
func (d *acceptedDocument) finish(op *operation.Operation, absolute func(path string) string) {
	if !op.State.Terminal() {
		return
	}
	finished := newFinishedDocument(op, nil, absolute)
	d.ImportedRecords, d.Counts, d.Error = &finished.ImportedRecords, &finished.Counts, finished.Error
	d.ErrorsLink, d.ErrorsCSV = finished.ErrorsLink, finished.ErrorsCSV
}

// verbatim passes rejected records through as they were sent: some were rejected because they are
// not strict JSON.
var verbatim = []json.Options{
	jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true),
}

// writeFinished encodes the document directly to the connection, so that the rejected records are
// not buffered a second time.
func writeFinished(c *gin.Context, document finishedDocument) error {
	c.Header("Content-Type", "application/json; charset=utf-8")
	if err := json.MarshalEncode(jsontext.NewEncoder(c.Writer, verbatim...), document); err != nil {
		return fmt.Errorf("writing a status document: %w", err)
	}
	return nil
}
