// Package report defines the requests of reports and the descriptions of their files. The api parses a
// request before it accepts it; the reporter parses the stored request again.
package report

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Subject is the subject of a report.
type Subject string

// The subjects of reports.
const (
	// Imports summarizes the latest imports: totals, states, timing, failures by reason. It is the
	// default.
	Imports Subject = "imports"
	// Import describes the result of one import.
	Import Subject = "import"
	// Records exports the records of a collection, all of them or those of a query.
	Records Subject = "records"
	// Search exports the results of a finished search.
	Search Subject = "search"
)

// Format is the format of a report's file, and its file name extension.
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

// documents are the formats for people, exports those for programs. The first one is the default.
var (
	documents = []Format{PDF, HTML}
	exports   = []Format{CSV, NDJSON, XLSX, Parquet}
)

// formats are the formats of each subject.
var formats = map[Subject][]Format{Imports: documents, Import: documents, Records: exports, Search: exports}

// Subjects returns all subjects.
func Subjects() []Subject { return []Subject{Imports, Import, Records, Search} }

// Formats returns all formats.
func Formats() []Format { return slices.Concat(documents, exports) }

// Formats returns the formats of the subject; the first one is the default.
func (s Subject) Formats() []Format { return formats[s] }

// IsExport reports whether the report contains records and is no document for people.
func (s Subject) IsExport() bool { return s == Records || s == Search }

// mediaTypes are the media types of files.
var mediaTypes = map[Format]string{
	PDF:     "application/pdf",
	HTML:    "text/html; charset=utf-8",
	CSV:     "text/csv; charset=utf-8; header=present",
	NDJSON:  "application/x-ndjson",
	XLSX:    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	Parquet: "application/vnd.apache.parquet",
}

// MediaType returns the media type of the format.
func (f Format) MediaType() string { return mediaTypes[f] }

// Inline reports whether browsers can display the format.
func (f Format) Inline() bool { return f == PDF || f == HTML }

// Request is the request of a report.
type Request struct {
	Report Subject `json:"report"`
	// Format is never empty after Parse.
	Format Format `json:"format,omitzero"`
	// Operation is the id of the import or the search.
	Operation uuid.UUID `json:"operation,omitzero"`
	// Collection is the collection whose records are exported.
	Collection string `json:"collection,omitzero"`
	// Query and Filter select the records, as in package query; nil means all.
	Query  json.RawMessage `json:"query,omitempty"`
	Filter json.RawMessage `json:"filter,omitempty"`
}

// Default returns the request for an empty body (seed 004).
func Default() Request { return Request{Report: Imports, Format: PDF} }

func invalid(member, format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, "invalid-report", format, args...).With("pointer", "/"+member)
}

// Search returns the query of the records; see package query.
func (r Request) Search() json.RawMessage {
	text, err := json.Marshal(struct {
		Query  json.RawMessage `json:"query,omitempty"`
		Filter json.RawMessage `json:"filter,omitempty"`
	}{r.Query, r.Filter})
	if err != nil {
		return json.RawMessage(`{}`) // never happens: Parse has checked the JSON
	}
	return text
}
