package format

import (
	"encoding/csv"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
)

// csvWriter writes a header and a row per record. An import reads the same format: texts unquoted,
// numbers, booleans, lists and objects as JSON, and an empty cell for null. Texts that a
// spreadsheet would run as a formula are escaped.
type csvWriter struct {
	out    *csv.Writer
	reader *reader
	row    []string
}

func newCSV(out io.Writer, c *collection.Collection) (*csvWriter, error) {
	w := &csvWriter{out: csv.NewWriter(out), reader: newReader(c), row: make([]string, len(c.Properties))}
	for i, p := range c.Properties {
		w.row[i] = report.EscapeFormula(p.Name)
	}
	if err := w.out.Write(w.row); err != nil {
		return nil, fmt.Errorf("writing the header: %w", err)
	}
	return w, nil
}

// Write writes one row.
func (w *csvWriter) Write(record []byte) error {
	if err := w.reader.read(record); err != nil {
		return err
	}
	for i := range w.row {
		cell, err := csvCell(w.reader.value(record, i))
		if err != nil {
			return err
		}
		w.row[i] = cell
	}
	return w.out.Write(w.row)
}

// Close flushes.
func (w *csvWriter) Close() error {
	w.out.Flush()
	return w.out.Error()
}

func csvCell(value jsontext.Value) (string, error) {
	switch {
	case value == nil:
		return "", nil
	case value.Kind() != '"':
		return string(value), nil // not escaped: a negative number is no formula
	}
	content, err := text(value)
	return report.EscapeFormula(content), err
}
