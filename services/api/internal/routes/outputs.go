package routes

import (
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// outputs says where the dialects of searches and reports show what these made.
func outputs() azure.Outputs {
	return azure.Outputs{
		operation.Search: {Link: "results", Path: resultsPath, Partial: true},
		operation.Report: {Link: "download", Path: downloadPath},
	}
}

func resultsPath(op *operation.Operation) string { return "/search/status/" + op.ID.String() }

// downloadPath leads nowhere while there is no file.
func downloadPath(op *operation.Operation) string {
	file, err := report.ReadFile(op.Result)
	if err != nil || file == nil || file.Name == "" {
		return ""
	}
	return "/reports/" + file.Name
}
