package tasks

import (
	"encoding/json"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// result is the result of a finished task: one member, named after the kind of operation.
type result struct {
	Import *importReport `json:"ImportReport,omitempty" xml:"ImportReport"`
	Search *searchReport `json:"SearchReport,omitempty" xml:"SearchReport"`
	File   *fileReport   `json:"FileReport,omitempty" xml:"FileReport"`
}

// importReport contains the record counts of an import.
type importReport struct {
	Total      int `json:"totalRecords" xml:"totalRecords"`
	Imported   int `json:"importedRecords" xml:"importedRecords"`
	Created    int `json:"createdRecords" xml:"createdRecords"`
	Updated    int `json:"updatedRecords" xml:"updatedRecords"`
	Superseded int `json:"supersededRecords" xml:"supersededRecords"`
	Failed     int `json:"failedRecords" xml:"failedRecords"`
	// Unprocessed is the number of records that an import without success left; absent if it left none.
	Unprocessed int `json:"unprocessedRecords,omitempty" xml:"unprocessedRecords,omitempty"`
	// Location and CSV are the addresses of the rejected records; absent if there are none.
	Location string `json:"failedRecordsLocation,omitempty" xml:"failedRecordsLocation,omitempty"`
	CSV      string `json:"failedRecordsCsvLocation,omitempty" xml:"failedRecordsCsvLocation,omitempty"`
	// Warnings are for those who maintain the table.
	Warnings []string `json:"warnings,omitempty" xml:"warning"`
}

// searchReport contains the record counts of a search and the address of its results.
type searchReport struct {
	Found    int    `json:"foundRecords" xml:"foundRecords"`
	Scanned  int64  `json:"scannedRecords" xml:"scannedRecords"`
	Location string `json:"resultsLocation,omitempty" xml:"resultsLocation,omitempty"`
}

// fileReport describes a report's file.
type fileReport struct {
	Name      string `json:"name" xml:"name"`
	MediaType string `json:"mediaType" xml:"mediaType"`
	Size      int64  `json:"size" xml:"size"`
	SHA256    string `json:"sha256" xml:"sha256"`
	Location  string `json:"downloadLocation,omitempty" xml:"downloadLocation,omitempty"`
}

// newResult returns the result of an operation that succeeded; nil if it has none.
func newResult(op *operation.Operation, absolute func(path string) string) *result {
	switch op.Kind {
	case operation.Import:
		return &result{Import: newImportReport(op, absolute)}
	case operation.Search:
		return &result{Search: newSearchReport(op, absolute)}
	case operation.Report:
		file, err := report.ParseFile(op.Result)
		if err != nil || file == nil {
			return nil
		}
		return &result{File: newFileReport(file, absolute)}
	}
	return nil
}

// newCounts returns the counts of an import that ended without success: what it did before stays. It returns nil for
// other operations, which have no result then.
func newCounts(op *operation.Operation, absolute func(path string) string) *result {
	if op.Kind != operation.Import {
		return nil
	}
	return &result{Import: newImportReport(op, absolute)}
}

func newImportReport(op *operation.Operation, absolute func(path string) string) *importReport {
	n := op.Counts
	shape := &importReport{
		Total: n.Total, Imported: n.Imported(), Created: n.Created, Updated: n.Updated, Superseded: n.Superseded, Failed: n.Failed, Unprocessed: n.Unprocessed(),
		Warnings: op.Warnings,
	}
	if n.Failed > 0 {
		shape.Location, shape.CSV = absolute(dialect.RecordsPath(op, operation.Rejected)), absolute(dialect.RejectedCSVPath(op))
	}
	return shape
}

func newSearchReport(op *operation.Operation, absolute func(path string) string) *searchReport {
	var counts struct {
		Returned int   `json:"returned"`
		Scanned  int64 `json:"scanned"`
	}
	if len(op.Result) > 0 {
		_ = json.Unmarshal(op.Result, &counts) // the searcher wrote it
	}
	return &searchReport{counts.Returned, counts.Scanned, absolute(dialect.SearchPath(op))}
}

func newFileReport(file *report.File, absolute func(path string) string) *fileReport {
	shape := &fileReport{Name: file.Name, MediaType: file.MediaType, Size: file.Size, SHA256: file.SHA256}
	if file.Name != "" {
		shape.Location = absolute(dialect.FilePath(file))
	}
	return shape
}
