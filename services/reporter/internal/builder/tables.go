package builder

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/reporter/internal/document"
)

func outcomeTable(c operation.Counts) *document.Table {
	t := &document.Table{Columns: []document.Column{
		{Title: "Outcome", Width: 2}, {Title: "Records", Width: 1, Number: true}, {Title: "Share", Width: 1, Number: true},
	}}
	for _, o := range outcomes(c) {
		t.Rows = append(t.Rows, []string{o.name, formatNumber(o.count), percentage(o.count, c.Total)})
	}
	return t
}

// percentage returns the share of a part in percent; "" of nothing.
func percentage(part, total int) string {
	if total == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(part)*100/float64(total), 'f', 1, 64) + " %"
}

func importsTable(ops []*operation.Operation, now time.Time) *document.Table {
	t := &document.Table{Columns: []document.Column{
		{Title: "Number", Width: 1.1, Number: true},
		{Title: "Collection", Width: 2},
		{Title: "State", Width: 1.5},
		{Title: "Accepted", Width: 2.8},
		{Title: "Took", Width: 1.2, Number: true},
		{Title: "Records", Width: 1.5, Number: true},
		{Title: "Created", Width: 1.5, Number: true},
		{Title: "Updated", Width: 1.5, Number: true},
		{Title: "Superseded", Width: 1.6, Number: true},
		{Title: "Failed", Width: 1.3, Number: true},
	}}
	for _, op := range ops {
		c := op.Counts
		row := []string{strconv.FormatInt(op.ShownNumber(), 10), op.Collection, stateName(op.State), document.FormatTime(op.SealedAt), duration(op, now)}
		for _, n := range []int{c.Total, c.Created, c.Updated, c.Superseded, c.Failed} {
			row = append(row, formatNumber(n))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// failureSection shows groups of failures. numbers maps operations to the numbers of their imports;
// it is nil for a single import, whose number needs no mention.
func failureSection(failures store.Failures, numbers map[uuid.UUID]int64) document.Section {
	s := document.Section{Title: "Rejected records by reason"}
	if len(failures.Groups) == 0 {
		s.Note = "No record was rejected."
		return s
	}
	s.Table = &document.Table{Columns: []document.Column{
		{Title: "Reason", Width: 1.6},
		{Title: "Member", Width: 1.8},
		{Title: "How many", Width: 1, Number: true},
		{Title: "First in row", Width: 1.4, Number: true},
		{Title: "What was said about it", Width: 4},
		{Title: "The record", Width: 4},
	}}
	for _, g := range failures.Groups {
		row := strconv.Itoa(g.Row)
		if numbers != nil {
			row = fmt.Sprintf("%d of import %d", g.Row, numbers[g.Operation])
		}
		record := g.Record
		if g.Cut {
			record += "…"
		}
		s.Table.Rows = append(s.Table.Rows, []string{g.Code, g.Pointer, formatNumber(g.Count), row, g.Message, record})
	}
	s.Note = fmt.Sprintf("%s reasons in %s groups; a record may have several reasons.",
		formatNumber(failures.Total), formatNumber(failures.TotalGroups))
	if omitted := failures.TotalGroups - int64(len(failures.Groups)); omitted > 0 {
		s.Note += fmt.Sprintf(" The %s smallest groups are not shown.", formatNumber(omitted))
	}
	return s
}
