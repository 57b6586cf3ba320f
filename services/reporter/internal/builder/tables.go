package builder

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/reporter/internal/document"
)

func importFacts(op *operation.Operation, now time.Time) []document.Fact {
	facts := []document.Fact{
		{Name: "Operation", Value: op.ID.String()},
		{Name: "Task reference", Value: op.Reference},
		{Name: "Collection", Value: op.Collection},
		{Name: "State", Value: stateWord(op.State)},
		{Name: "Accepted", Value: document.Moment(op.SealedAt)},
	}
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, document.Fact{Name: name, Value: value})
		}
	}
	add("Started", document.Moment(op.StartedAt))
	add("Finished", document.Moment(op.FinishedAt))
	add("Took", took(op, now))
	add("Records per second", speed(op, now))
	for _, name := range slices.Sorted(maps.Keys(op.Labels)) {
		add("Label "+name, op.Labels[name])
	}
	if op.Failure != nil {
		add("Error", op.Failure.Code+": "+op.Failure.Message)
	}
	return facts
}

// working is how long workers have had the import so far.
func working(op *operation.Operation, now time.Time) time.Duration {
	if op.StartedAt.IsZero() {
		return 0
	}
	if !op.FinishedAt.IsZero() {
		now = op.FinishedAt
	}
	return max(now.Sub(op.StartedAt), 0)
}

func took(op *operation.Operation, now time.Time) string {
	length := working(op, now)
	if op.StartedAt.IsZero() {
		return ""
	}
	if length < time.Minute {
		return length.Round(time.Millisecond).String()
	}
	return length.Round(time.Second).String()
}

func speed(op *operation.Operation, now time.Time) string {
	seconds := working(op, now).Seconds()
	if seconds == 0 {
		return ""
	}
	return grouped(int64(float64(op.Counts.Processed()) / seconds))
}

// outcomes are what becomes of records, in the order of the design.
func outcomes(c operation.Counts) []document.Fact {
	return []document.Fact{
		{Name: "Created", Value: grouped(int64(c.Created))},
		{Name: "Updated", Value: grouped(int64(c.Updated))},
		{Name: "Superseded", Value: grouped(int64(c.Superseded))},
		{Name: "Failed", Value: grouped(int64(c.Failed))},
		{Name: "Unprocessed", Value: grouped(int64(c.Unprocessed()))},
		{Name: "Total", Value: grouped(int64(c.Total))},
	}
}

func outcomeTable(c operation.Counts) *document.Table {
	shares := []int{c.Created, c.Updated, c.Superseded, c.Failed, c.Unprocessed(), c.Total}
	t := &document.Table{Columns: []document.Column{
		{Title: "Outcome", Share: 2}, {Title: "Records", Share: 1, Number: true}, {Title: "Share", Share: 1, Number: true},
	}}
	for i, o := range outcomes(c) {
		t.Rows = append(t.Rows, []string{o.Name, o.Value, share(shares[i], c.Total)})
	}
	return t
}

func share(part, whole int) string {
	if whole == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(part)*100/float64(whole), 'f', 1, 64) + " %"
}

func totals(ops []*operation.Operation) []document.Fact {
	var sum operation.Counts
	states := make(map[operation.State]int)
	for _, op := range ops {
		states[op.State]++
		sum.Total += op.Counts.Total
		sum.Created += op.Counts.Created
		sum.Updated += op.Counts.Updated
		sum.Superseded += op.Counts.Superseded
		sum.Failed += op.Counts.Failed
	}
	facts := []document.Fact{{Name: "Imports", Value: grouped(int64(len(ops)))}}
	for _, state := range operation.States() {
		if states[state] > 0 {
			facts = append(facts, document.Fact{Name: stateWord(state), Value: grouped(int64(states[state]))})
		}
	}
	for _, o := range outcomes(sum) {
		facts = append(facts, document.Fact{Name: "Records " + strings.ToLower(o.Name), Value: o.Value})
	}
	return facts
}

func importsTable(ops []*operation.Operation, now time.Time) *document.Table {
	t := &document.Table{Columns: []document.Column{
		{Title: "Number", Share: 1.1, Number: true},
		{Title: "Collection", Share: 2},
		{Title: "State", Share: 1.5},
		{Title: "Accepted", Share: 2.8},
		{Title: "Took", Share: 1.2, Number: true},
		{Title: "Records", Share: 1.5, Number: true},
		{Title: "Created", Share: 1.5, Number: true},
		{Title: "Updated", Share: 1.5, Number: true},
		{Title: "Superseded", Share: 1.6, Number: true},
		{Title: "Failed", Share: 1.3, Number: true},
	}}
	for _, op := range ops {
		c := op.Counts
		row := []string{strconv.FormatInt(op.Number, 10), op.Collection, stateWord(op.State), document.Moment(op.SealedAt), took(op, now)}
		for _, n := range []int{c.Total, c.Created, c.Updated, c.Superseded, c.Failed} {
			row = append(row, grouped(int64(n)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// failureSection shows the groups of failures. numbers tells the numbers of the imports if there are several.
func failureSection(all store.Failures, numbers map[uuid.UUID]int64) document.Section {
	s := document.Section{Title: "Rejected records by reason"}
	if len(all.Groups) == 0 {
		s.Note = "No record was rejected."
		return s
	}
	s.Table = &document.Table{Columns: []document.Column{
		{Title: "Reason", Share: 1.6},
		{Title: "Member", Share: 1.8},
		{Title: "How many", Share: 1, Number: true},
		{Title: "First in row", Share: 1.4, Number: true},
		{Title: "What was said about it", Share: 4},
		{Title: "The record", Share: 4},
	}}
	for _, g := range all.Groups {
		row := strconv.Itoa(g.Row)
		if numbers != nil {
			row = fmt.Sprintf("%d of import %d", g.Row, numbers[g.Operation])
		}
		record := g.Record
		if g.Cut {
			record += "…"
		}
		s.Table.Rows = append(s.Table.Rows, []string{g.Code, g.Pointer, grouped(g.Count), row, g.Message, record})
	}
	s.Note = fmt.Sprintf("%s reasons in %s groups; a record may have several reasons.", grouped(all.Total), grouped(all.TotalGroups))
	if more := all.TotalGroups - int64(len(all.Groups)); more > 0 {
		s.Note += fmt.Sprintf(" The %s smallest groups are not shown.", grouped(more))
	}
	return s
}

// stateWord writes a state for people.
func stateWord(s operation.State) string {
	word := strings.ReplaceAll(string(s), "_", " ")
	return strings.ToUpper(word[:1]) + word[1:]
}

// grouped writes a number with its thousands apart, as in 1,048,576.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
