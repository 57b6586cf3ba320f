package builder

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/reporter/internal/document"
)

// importFacts returns the facts of an import. Facts without a value are omitted.
func importFacts(op *operation.Operation, now time.Time) []document.Fact {
	facts := []document.Fact{
		{Name: "Operation", Value: op.ShownID().String()},
		{Name: "Task reference", Value: op.Reference},
		{Name: "Collection", Value: op.Collection},
		{Name: "State", Value: stateName(op.State)},
		{Name: "Accepted", Value: document.FormatTime(op.SealedAt)},
		{Name: "Started", Value: document.FormatTime(op.StartedAt)},
		{Name: "Finished", Value: document.FormatTime(op.FinishedAt)},
		{Name: "Took", Value: duration(op, now)},
		{Name: "Records per second", Value: throughput(op, now)},
	}
	for _, name := range slices.Sorted(maps.Keys(op.Labels)) {
		facts = append(facts, document.Fact{Name: "Label " + name, Value: op.Labels[name]})
	}
	if op.Failure != nil {
		facts = append(facts, document.Fact{Name: "Error", Value: op.Failure.Code + ": " + op.Failure.Message})
	}
	return slices.DeleteFunc(facts, func(f document.Fact) bool { return f.Value == "" })
}

// totalFacts returns the sums over imports. States without an import are omitted.
func totalFacts(ops []*operation.Operation) []document.Fact {
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
	facts := []document.Fact{{Name: "Imports", Value: formatNumber(len(ops))}}
	for _, state := range operation.States() {
		if states[state] > 0 {
			facts = append(facts, document.Fact{Name: stateName(state), Value: formatNumber(states[state])})
		}
	}
	for _, o := range outcomes(sum) {
		facts = append(facts, document.Fact{Name: "Records " + strings.ToLower(o.name), Value: formatNumber(o.count)})
	}
	return facts
}

// outcome is a possible outcome of a record, or their total.
type outcome struct {
	name  string
	count int
}

// outcomes returns the counts of all outcomes and the total.
func outcomes(c operation.Counts) []outcome {
	return []outcome{
		{"Created", c.Created},
		{"Updated", c.Updated},
		{"Superseded", c.Superseded},
		{"Failed", c.Failed},
		{"Unprocessed", c.Unprocessed()},
		{"Total", c.Total},
	}
}

// elapsed returns the time from the import's start to its end or to now; 0 before its start.
func elapsed(op *operation.Operation, now time.Time) time.Duration {
	if op.StartedAt.IsZero() {
		return 0
	}
	if !op.FinishedAt.IsZero() {
		now = op.FinishedAt
	}
	return max(now.Sub(op.StartedAt), 0)
}

func duration(op *operation.Operation, now time.Time) string {
	if op.StartedAt.IsZero() {
		return ""
	}
	d := elapsed(op, now)
	if d < time.Minute {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// throughput returns the records processed per second; "" if no time has elapsed.
func throughput(op *operation.Operation, now time.Time) string {
	seconds := elapsed(op, now).Seconds()
	if seconds == 0 {
		return ""
	}
	return formatNumber(int64(float64(op.Counts.Processed()) / seconds))
}

// stateName returns the name of a state in a document.
func stateName(s operation.State) string {
	name := strings.ReplaceAll(string(s), "_", " ")
	return strings.ToUpper(name[:1]) + name[1:]
}

// formatNumber formats a number with a comma between thousands, as in 1,048,576.
func formatNumber[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
