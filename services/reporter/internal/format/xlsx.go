package format

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// Limits of a worksheet, by the specification of Excel.
const (
	maxSheetRows = 1_048_576
	// maxCellUnits counts UTF-16 code units.
	maxCellUnits = 32_767
	// maxDigits is the number of significant digits of a numeric cell, which stores a double.
	maxDigits = 15
)

// xlsxWriter streams a workbook (ECMA-376, Office Open XML) into a compressed archive: first the
// small parts, then the worksheets, row by row. It requires the number of records in advance,
// because the small parts list the worksheets.
type xlsxWriter struct {
	archive *zip.Writer
	out     *bufio.Writer // to the current worksheet; nil before the first
	reader  *reader
	members []string
	columns []string // "A", "B", …
	// maxRows is the number of rows of a worksheet, including its header.
	maxRows   int
	sheets    int // started
	rows      int // of the current worksheet
	truncated int64
}

// newXLSX writes the small parts and the header of the first worksheet.
func newXLSX(out io.Writer, c *collection.Collection, records int64, maxRows int) (*xlsxWriter, error) {
	w := &xlsxWriter{archive: zip.NewWriter(out), reader: newReader(c), maxRows: maxRows}
	w.archive.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestSpeed)
	})
	for i, p := range c.Properties {
		w.members = append(w.members, p.Name)
		w.columns = append(w.columns, columnName(i))
	}
	recordsPerSheet := int64(maxRows - 1)
	sheets := max(1, int((records+recordsPerSheet-1)/recordsPerSheet))
	for _, part := range workbookParts(c.Name, sheets) {
		if err := w.writePart(part.name, part.content); err != nil {
			return nil, err
		}
	}
	return w, w.startSheet()
}

func (w *xlsxWriter) writePart(name, content string) error {
	part, err := w.create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(part, content)
	return err
}

// epoch is the modification time of every part, so that the same records result in the same file.
// It is the earliest time that an archive can represent.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *xlsxWriter) create(name string) (io.Writer, error) {
	part, err := w.archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return part, nil
}

// startSheet ends the current worksheet and writes the header of the next.
func (w *xlsxWriter) startSheet() error {
	if err := w.endSheet(); err != nil {
		return err
	}
	w.sheets++
	part, err := w.create(sheetPart(w.sheets))
	if err != nil {
		return err
	}
	w.out = bufio.NewWriterSize(part, 64<<10)
	w.rows = 0
	if _, err := w.out.WriteString(sheetStart); err != nil {
		return err
	}
	w.startRow()
	for i, name := range w.members {
		w.textCell(i, headerStyle, name)
	}
	return w.endRow()
}

func (w *xlsxWriter) endSheet() error {
	if w.out == nil {
		return nil
	}
	if _, err := w.out.WriteString(sheetEnd); err != nil {
		return err
	}
	return w.out.Flush()
}

// Write writes a row, on a new worksheet if the current one is full.
func (w *xlsxWriter) Write(record []byte) error {
	if w.rows == w.maxRows {
		if err := w.startSheet(); err != nil {
			return err
		}
	}
	if err := w.reader.read(record); err != nil {
		return err
	}
	w.startRow()
	for i := range w.members {
		if err := w.cell(i, w.reader.value(record, i)); err != nil {
			return err
		}
	}
	return w.endRow()
}

func (w *xlsxWriter) startRow() {
	w.rows++
	_, _ = w.out.WriteString(`<row r="` + strconv.Itoa(w.rows) + `">`) // a bufio.Writer returns its error again in endRow
}

func (w *xlsxWriter) endRow() error {
	_, err := w.out.WriteString("</row>")
	return err
}

// cell writes a value. Texts are inline strings, so they are never formulas.
func (w *xlsxWriter) cell(column int, value jsontext.Value) error {
	if value == nil {
		return nil
	}
	switch value.Kind() {
	case '"':
		content, err := text(value)
		if err != nil {
			return err
		}
		w.textCell(column, plainStyle, content)
	case '0':
		if !fitsDouble(string(value)) {
			w.textCell(column, plainStyle, string(value))
			break
		}
		w.scalarCell(column, "n", string(value))
	case 't':
		w.scalarCell(column, "b", "1")
	case 'f':
		w.scalarCell(column, "b", "0")
	default:
		w.textCell(column, plainStyle, string(value))
	}
	return nil
}

func (w *xlsxWriter) scalarCell(column int, kind, value string) {
	_, _ = w.out.WriteString(`<c r="` + w.columns[column] + strconv.Itoa(w.rows) + `" t="` + kind + `"><v>` + value + `</v></c>`)
}

func (w *xlsxWriter) textCell(column int, style, content string) {
	content, truncated := truncateCell(content)
	if truncated {
		w.truncated++
	}
	_, _ = w.out.WriteString(`<c r="` + w.columns[column] + strconv.Itoa(w.rows) + `"` + style + ` t="inlineStr"><is><t xml:space="preserve">`)
	writeEscaped(w.out, content)
	_, _ = w.out.WriteString(`</t></is></c>`)
}

// Truncated returns the number of texts that were too long for a cell.
func (w *xlsxWriter) Truncated() int64 { return w.truncated }

// Close ends the last worksheet and writes the archive's directory.
func (w *xlsxWriter) Close() error {
	if err := w.endSheet(); err != nil {
		return err
	}
	return w.archive.Close()
}
