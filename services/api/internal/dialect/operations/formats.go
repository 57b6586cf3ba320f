package operations

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
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

// csvWriter writes a header and a row per record: the collection's members in their order, then row, outcome and reasons.
type csvWriter struct {
	csv     *csv.Writer
	members []string
}

// The columns that stand behind a record's own.
var extraColumns = []string{"longshore_row", "longshore_outcome", "longshore_reasons"}

func (d *Dialect) newCSVWriter(c *gin.Context, op *operation.Operation) (*csvWriter, error) {
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.csv"`, op.Reference))
	w := &csvWriter{csv: csv.NewWriter(c.Writer)}
	if target, ok := d.collections.Get(op.Collection); ok {
		for _, p := range target.Properties {
			w.members = append(w.members, p.Name)
		}
	}
	return w, w.csv.Write(append(slices.Clip(w.members), extraColumns...))
}

func (w *csvWriter) write(l line) error {
	var record map[string]json.RawMessage
	_ = json.Unmarshal(operation.Rejection{Received: l.received}.ReceivedText(), &record) // no object has no members to show
	row := make([]string, 0, len(w.members)+len(extraColumns))
	for _, name := range w.members {
		row = append(row, cell(record[name]))
	}
	var reasons []string
	for _, r := range l.reasons {
		reasons = append(reasons, strings.TrimSpace(r.Pointer+" "+r.Message))
	}
	return w.csv.Write(append(row, strconv.Itoa(l.row), l.outcome.String(), strings.Join(reasons, "; ")))
}

func (w *csvWriter) flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// cell writes a value as the CSV intake reads it: text as it is, everything else as JSON, nothing for null.
func cell(value json.RawMessage) string {
	var text string
	switch {
	case len(value) == 0 || string(value) == "null":
		return ""
	case json.Unmarshal(value, &text) == nil:
		return text
	default:
		return string(value)
	}
}
