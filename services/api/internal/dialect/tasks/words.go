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

// Word returns the dialect's word for a state.
func Word(s operation.State) string { return words[s] }

// statesCalled returns the states that a word stands for, in the order of an operation's life; none if the dialect has no such word.
func statesCalled(word string) (states []operation.State) {
	for _, s := range operation.States() {
		if Word(s) != "" && strings.EqualFold(Word(s), word) {
			states = append(states, s)
		}
	}
	return states
}

// describe says in words what an operation does, such as "import into tools".
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

// subjects are the reports that are about no collection.
var subjects = map[report.Subject]string{
	report.Imports: "report on the latest imports", report.Import: "report on an import", report.Search: "report on a search",
}

func describeReport(op *operation.Operation) string {
	asked, err := report.Read(op.Request)
	switch {
	case err != nil:
		return "report"
	case subjects[asked.Report] != "":
		return subjects[asked.Report]
	}
	return "report on the records of " + asked.Collection
}

// phases are what an operation is doing just now, if nobody has said it.
var phases = map[operation.Kind]string{operation.Import: "Importing into ", operation.Search: "Searching in "}

func phase(op *operation.Operation) string {
	switch begin := phases[op.Kind]; {
	case op.Phase != "":
		return op.Phase
	case begin != "":
		return begin + op.Collection
	}
	return "Working"
}
