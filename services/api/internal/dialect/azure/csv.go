package azure

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
)

// csvWriter writes a header row, and a row per record: the members of the collection in order and the
// paths of its lookups, so that people can read the records and send corrected ones again, and then
// extraColumns, so that nothing is lost. Texts that a spreadsheet would take for formulas are escaped.
type csvWriter struct {
	csv     *csv.Writer
	members []string
}

// extraColumns follow the columns of the record's own members. The reasons are a JSON array of
// {pointer, code, message}, or empty. The received record is JSON text; it shows records that are
// no object or have undeclared members, and texts before escaping.
var extraColumns = []string{"longshore_row", "longshore_outcome", "longshore_reasons", "longshore_received"}

func (d *Dialect) newCSVWriter(c *gin.Context, op *operation.Operation) (*csvWriter, error) {
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.csv"`, op.Reference))
	w := &csvWriter{csv: csv.NewWriter(c.Writer)}
	var header []string
	if target, ok := d.Collections.Get(op.Tenant, op.Collection); ok {
		for _, p := range target.Properties {
			w.members = append(w.members, p.Name)
		}
		for _, path := range target.LookupPaths() {
			if !slices.Contains(w.members, path) {
				w.members = append(w.members, path)
			}
		}
		for _, name := range w.members {
			header = append(header, report.EscapeFormula(name))
		}
	}
	return w, w.csv.Write(append(header, extraColumns...))
}

func (w *csvWriter) write(l line) error {
	received := operation.Rejection{Received: l.received}.ReceivedText()
	record := membersOf(received)
	row := make([]string, 0, len(w.members)+len(extraColumns))
	for _, name := range w.members {
		row = append(row, encodeCell(valueAt(record, name)))
	}
	reasons, err := encodeReasons(l.reasons)
	if err != nil {
		return err
	}
	return w.csv.Write(append(row, strconv.Itoa(l.row), l.outcome.String(), reasons, string(received)))
}

// membersOf returns the members of an object; none of any other value.
func membersOf(value json.RawMessage) (members map[string]json.RawMessage) {
	if json.Unmarshal(value, &members) != nil {
		return nil
	}
	return members
}

// valueAt returns the member with the name or, if there is none, the value to which the name leads as the path of a
// lookup.
func valueAt(members map[string]json.RawMessage, name string) json.RawMessage {
	value, ok := members[name]
	outer, rest, isPath := strings.Cut(name, ".")
	if ok || !isPath {
		return value
	}
	return valueAt(membersOf(members[outer]), rest)
}

// encodeReasons encodes reasons as NDJSON does; empty if there are none.
func encodeReasons(reasons []operation.Reason) (string, error) {
	if len(reasons) == 0 {
		return "", nil
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(reasons); err != nil {
		return "", fmt.Errorf("encoding reasons: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

func (w *csvWriter) flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// encodeCell encodes a value as the CSV intake reads it: a text as it is, with formulas escaped,
// null as an empty cell, and every other value as JSON.
func encodeCell(value json.RawMessage) string {
	var text string
	switch {
	case len(value) == 0 || string(value) == "null":
		return ""
	case json.Unmarshal(value, &text) == nil:
		return report.EscapeFormula(text)
	default:
		return string(value)
	}
}
