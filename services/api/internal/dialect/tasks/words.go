package tasks

import (
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
)

// words are the statuses of seed 002.
var words = map[operation.State]string{
	operation.Waiting:   "WAITING",
	operation.Running:   "RUNNING",
	operation.Succeeded: "FINISHED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "FAILED",
}

// Word returns the status of seed 002 for a state; empty for an operation that is still receiving.
func Word(s operation.State) string { return words[s] }

// statesOf returns the states that a status stands for, in the order of an operation's life; none
// if the status is unknown.
func statesOf(word string) (states []operation.State) {
	for _, s := range operation.States() {
		if Word(s) != "" && strings.EqualFold(Word(s), word) {
			states = append(states, s)
		}
	}
	return states
}

// describe returns a description of an operation, such as "import into tools".
func describe(op *operation.Operation) string {
	switch op.Kind {
	case operation.Import:
		return "import into " + op.Collection
	case operation.Search:
		return "search in " + op.Collection
	case operation.Report:
		return describeReport(op)
	}
	return string(op.Kind)
}

// subjects are the descriptions of reports that are not about a collection.
var subjects = map[report.Subject]string{
	report.Imports: "report on the latest imports", report.Import: "report on an import", report.Search: "report on a search",
}

func describeReport(op *operation.Operation) string {
	request, err := report.Parse(op.Request)
	switch {
	case err != nil:
		return "report"
	case subjects[request.Report] != "":
		return subjects[request.Report]
	}
	return "report on the records of " + request.Collection
}

// phases are the beginnings of default phases, before the name of the collection.
var phases = map[operation.Kind]string{operation.Import: "Importing into ", operation.Search: "Searching in "}

// phase returns the current phase of an operation: its own, or a default.
func phase(op *operation.Operation) string {
	switch prefix := phases[op.Kind]; {
	case op.Phase != "":
		return op.Phase
	case prefix != "":
		return prefix + op.Collection
	}
	return "Working"
}
