package azure

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
)

// ndjsonWriter writes one JSON object per line.
type ndjsonWriter struct {
	buffer *bufio.Writer
	json   *json.Encoder
}

// ndjsonLine is one record of an NDJSON stream.
type ndjsonLine struct {
	Row     int    `json:"row"`
	Outcome string `json:"outcome"`
	// Record is the record as it was received.
	Record json.RawMessage `json:"record"`
	// Received is there when the record is no UTF-8 and could not be shown unchanged: its bytes in base64.
	Received string             `json:"receivedBase64,omitempty"`
	Reasons  []operation.Reason `json:"reasons,omitempty"`
}

func newNDJSONWriter(c *gin.Context) *ndjsonWriter {
	c.Header("Content-Type", "application/x-ndjson")
	buffer := bufio.NewWriter(c.Writer)
	enc := json.NewEncoder(buffer)
	enc.SetEscapeHTML(false)
	return &ndjsonWriter{buffer, enc}
}

func (w *ndjsonWriter) write(l line) error {
	shown := ndjsonLine{
		Row: l.row, Outcome: l.outcome.String(), Reasons: l.reasons,
		Record: operation.Rejection{Received: l.received}.ReceivedText(),
	}
	if !utf8.Valid(l.received) {
		shown.Received = base64.StdEncoding.EncodeToString(l.received)
	}
	return w.json.Encode(shown)
}

func (w *ndjsonWriter) flush() error { return w.buffer.Flush() }

// csvWriter writes a header and a row per record: the collection's members in their order, for people and for sending corrected
// records again, and then what it takes to lose nothing: row, outcome, reasons and the record as it was received, also where a text got an
// apostrophe so that no spreadsheet takes it for a formula.
type csvWriter struct {
	csv     *csv.Writer
	members []string
}

// The columns that stand behind a record's own. The reasons are a JSON array of {pointer, code, message}, or empty if there are none;
// what was received is JSON text, also where it is no object or has members that the collection does not declare.
var extraColumns = []string{"longshore_row", "longshore_outcome", "longshore_reasons", "longshore_received"}

func (d *Dialect) newCSVWriter(c *gin.Context, op *operation.Operation) (*csvWriter, error) {
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.csv"`, op.Reference))
	w := &csvWriter{csv: csv.NewWriter(c.Writer)}
	var header []string
	if target, ok := d.Collections.Get(op.Collection); ok {
		for _, p := range target.Properties {
			w.members = append(w.members, p.Name)
			header = append(header, report.EscapeFormula(p.Name))
		}
	}
	return w, w.csv.Write(append(header, extraColumns...))
}

func (w *csvWriter) write(l line) error {
	received := operation.Rejection{Received: l.received}.ReceivedText()
	var record map[string]json.RawMessage
	_ = json.Unmarshal(received, &record) // no object has no members to show
	row := make([]string, 0, len(w.members)+len(extraColumns))
	for _, name := range w.members {
		row = append(row, cell(record[name]))
	}
	reasons, err := reasonsCell(l.reasons)
	if err != nil {
		return err
	}
	return w.csv.Write(append(row, strconv.Itoa(l.row), l.outcome.String(), reasons, string(received)))
}

// reasonsCell writes reasons as NDJSON does, for programs; people can read it too.
func reasonsCell(reasons []operation.Reason) (string, error) {
	if len(reasons) == 0 {
		return "", nil
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(reasons); err != nil {
		return "", fmt.Errorf("writing reasons: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

func (w *csvWriter) flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// cell writes a value as the CSV intake reads it: text as it is but for what a spreadsheet would carry out, everything else as JSON, nothing
// for null.
func cell(value json.RawMessage) string {
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
