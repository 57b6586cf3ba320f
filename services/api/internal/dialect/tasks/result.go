package tasks

import (
	"encoding/json"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// result is what a finished task leaves behind: one member, named after what was done.
type result struct {
	Import *importReport `json:"ImportReport,omitempty" xml:"ImportReport"`
	Search *searchReport `json:"SearchReport,omitempty" xml:"SearchReport"`
	File   *fileReport   `json:"FileReport,omitempty" xml:"FileReport"`
}

// importReport tells what became of an import's records.
type importReport struct {
	Total      int `json:"totalRecords" xml:"totalRecords"`
	Imported   int `json:"importedRecords" xml:"importedRecords"`
	Created    int `json:"createdRecords" xml:"createdRecords"`
	Updated    int `json:"updatedRecords" xml:"updatedRecords"`
	Superseded int `json:"supersededRecords" xml:"supersededRecords"`
	Failed     int `json:"failedRecords" xml:"failedRecords"`
	// Location leads to the rejected records; absent if there are none.
	Location string `json:"failedRecordsLocation,omitempty" xml:"failedRecordsLocation,omitempty"`
}

// searchReport tells how much was found, and where it is.
type searchReport struct {
	Found    int    `json:"foundRecords" xml:"foundRecords"`
	Scanned  int64  `json:"scannedRecords" xml:"scannedRecords"`
	Location string `json:"resultsLocation,omitempty" xml:"resultsLocation,omitempty"`
}

// fileReport tells of a report's file.
type fileReport struct {
	Name      string `json:"name" xml:"name"`
	MediaType string `json:"mediaType" xml:"mediaType"`
	Size      int64  `json:"size" xml:"size"`
	SHA256    string `json:"sha256" xml:"sha256"`
	Location  string `json:"downloadLocation,omitempty" xml:"downloadLocation,omitempty"`
}

// resultOf tells what a finished operation leaves behind; nil if that is nothing.
func (d *Dialect) resultOf(op *operation.Operation, absolute func(path string) string) *result {
	var location string
	if output, there := d.outputs[op.Kind]; there {
		if path := output.Path(op); path != "" {
			location = absolute(path)
		}
	}
	switch op.Kind {
	case operation.Import:
		return &result{Import: reportImport(op, absolute)}
	case operation.Search:
		return &result{Search: reportSearch(op, location)}
	case operation.Report:
		file, err := report.ReadFile(op.Result)
		if err != nil || file == nil {
			return nil
		}
		return &result{File: &fileReport{file.Name, file.MediaType, file.Size, file.SHA256, location}}
	}
	return nil
}

func reportImport(op *operation.Operation, absolute func(path string) string) *importReport {
	n := op.Counts
	done := &importReport{
		Total: n.Total, Imported: n.Imported(), Created: n.Created, Updated: n.Updated, Superseded: n.Superseded, Failed: n.Failed,
	}
	if n.Failed > 0 {
		done.Location = absolute(azure.RecordsPath(op, operation.Rejected))
	}
	return done
}

func reportSearch(op *operation.Operation, location string) *searchReport {
	var told struct {
		Returned int   `json:"returned"`
		Scanned  int64 `json:"scanned"`
	}
	if len(op.Result) > 0 {
		_ = json.Unmarshal(op.Result, &told) // the searcher wrote it
	}
	return &searchReport{told.Returned, told.Scanned, location}
}
