// Package dialect contains what the api's answers about operations have in common: addresses,
// links, counts, results and failures. The packages below it are one dialect each, and none imports
// another.
package dialect

import (
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
)

// OperationPath returns the path of an operation's status monitor (package azure), which every
// other dialect links to.
func OperationPath(op *operation.Operation) string { return OperationPathOf(op.ShownID().String()) }

// OperationPathOf is OperationPath for an operation of which only the id is known.
func OperationPathOf(id string) string { return "/operations/" + id }

// RecordsPath returns the path of an import's records with an outcome.
func RecordsPath(op *operation.Operation, outcome operation.Outcome) string {
	return OperationPath(op) + "/records?outcome=" + outcome.String()
}

// RejectedCSVPath returns the path of an import's rejected records as CSV.
func RejectedCSVPath(op *operation.Operation) string {
	return RecordsPath(op, operation.Rejected) + "&format=csv"
}

// EventsPath returns the path of an operation's events.
func EventsPath(op *operation.Operation) string { return OperationPath(op) + "/events" }

// SearchPath returns the path of a search's status and results.
func SearchPath(op *operation.Operation) string { return "/search/status/" + op.ShownID().String() }

// FilePath returns the path of a report's file.
func FilePath(file *report.File) string { return "/reports/" + file.Name }

// OutputPath returns the path of what a search or a report produced; empty if the operation has no
// such output, or none yet.
func OutputPath(op *operation.Operation) string {
	switch op.Kind {
	case operation.Search:
		return SearchPath(op)
	case operation.Report:
		file, err := report.ParseFile(op.Result)
		if err == nil && file != nil && file.Name != "" {
			return FilePath(file)
		}
	case operation.Import:
	}
	return ""
}
