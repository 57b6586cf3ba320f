// Package report is what the api and the reporter both know of a report: what may be asked for, and what comes of it. The api checks a
// request before it is accepted; the reporter reads the same words again.
package report

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Subject is what a report is about.
type Subject string

// The subjects of reports.
const (
	// Imports tells of the latest imports: totals, states, timing, failures by reason. It is what a request without a body asks for.
	Imports Subject = "imports"
	// Import tells what became of one import.
	Import Subject = "import"
	// Records is an export of a collection's records, all of them or those that a query finds.
	Records Subject = "records"
	// Search is an export of what a finished search found.
	Search Subject = "search"
)

// Format is the format of a report's file, and the ending of its name.
type Format string

// The formats of files.
const (
	PDF     Format = "pdf"
	HTML    Format = "html"
	CSV     Format = "csv"
	NDJSON  Format = "ndjson"
	XLSX    Format = "xlsx"
	Parquet Format = "parquet"
)

// documents are for people, exports for programs; the first of each is taken if a request names none.
var (
	documents = []Format{PDF, HTML}
	exports   = []Format{CSV, NDJSON, XLSX, Parquet}
)

// formats says for each subject in which formats it is written.
var formats = map[Subject][]Format{Imports: documents, Import: documents, Records: exports, Search: exports}

// Subjects lists every subject.
func Subjects() []Subject { return []Subject{Imports, Import, Records, Search} }

// Formats lists every format.
func Formats() []Format { return slices.Concat(documents, exports) }

// Formats lists the formats in which the subject is written.
func (s Subject) Formats() []Format { return formats[s] }

// IsExport reports whether the subject is records and not a document for people.
func (s Subject) IsExport() bool { return s == Records || s == Search }

// mediaTypes are what files are served as.
var mediaTypes = map[Format]string{
	PDF:     "application/pdf",
	HTML:    "text/html; charset=utf-8",
	CSV:     "text/csv; charset=utf-8; header=present",
	NDJSON:  "application/x-ndjson",
	XLSX:    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	Parquet: "application/vnd.apache.parquet",
}

// MediaType is what a file of the format is served as.
func (f Format) MediaType() string { return mediaTypes[f] }

// Inline reports whether browsers show the format by themselves.
func (f Format) Inline() bool { return f == PDF || f == HTML }

// Request is what a report is asked for.
type Request struct {
	Report Subject `json:"report"`
	// Format is never empty after Parse.
	Format Format `json:"format,omitzero"`
	// Operation is the import or the search that it is about.
	Operation uuid.UUID `json:"operation,omitzero"`
	// Collection is what an export of records reads.
	Collection string `json:"collection,omitzero"`
	// Query and Filter say which of them, in the words of searches; nil means all.
	Query  json.RawMessage `json:"query,omitempty"`
	Filter json.RawMessage `json:"filter,omitempty"`
}

// Default is what is asked for by a request without a body (seed 004).
func Default() Request { return Request{Report: Imports, Format: PDF} }

func invalid(member, format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, "invalid-report", format, args...).With("pointer", "/"+member)
}

// Search returns which records are asked for as searches write it.
func (r Request) Search() json.RawMessage {
	text, err := json.Marshal(struct {
		Query  json.RawMessage `json:"query,omitempty"`
		Filter json.RawMessage `json:"filter,omitempty"`
	}{r.Query, r.Filter})
	if err != nil {
		return json.RawMessage(`{}`) // what Parse has read is JSON
	}
	return text
}
