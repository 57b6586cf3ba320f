package format

import (
	"encoding/csv"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
)

// csvWriter writes a header and a row for each record, in the way that the CSV of an import is read: texts as they are, numbers, booleans,
// lists and objects as JSON, and nothing for null.
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

// Write writes a row.
func (w *csvWriter) Write(record []byte) error {
	if err := w.reader.read(record); err != nil {
		return err
	}
	for i := range w.row {
		cell, err := cell(w.reader.value(record, i))
		if err != nil {
			return err
		}
		w.row[i] = cell
	}
	return w.out.Write(w.row)
}

// Close writes what is still buffered.
func (w *csvWriter) Close() error {
	w.out.Flush()
	return w.out.Error()
}

func cell(value jsontext.Value) (string, error) {
	switch {
	case value == nil:
		return "", nil
	case value.Kind() != '"':
		return string(value), nil // a negative number begins with a minus too, and is none the worse for it
	}
	content, err := text(value)
	return report.EscapeFormula(content), err
}
