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
	// maxDigits is how many digits of a number survive in a cell, which holds a double.
	maxDigits = 15
)

// xlsxWriter streams a workbook (ECMA-376, Office Open XML): the few small parts first, then one worksheet after the other, row by row,
// straight into the compressed archive. It needs to know beforehand how many records there will be, because the parts before name the sheets.
type xlsxWriter struct {
	archive *zip.Writer
	out     *bufio.Writer // into the worksheet in hand; nil before the first
	reader  *reader
	members []string
	columns []string // "A", "B", …
	// perSheet is how many rows a worksheet takes, its header included.
	perSheet int
	sheets   int // begun
	rows     int // of the worksheet in hand
	cut      int64
}

func newXLSX(out io.Writer, c *collection.Collection, records int64) (*xlsxWriter, error) {
	return newXLSXOf(out, c, records, maxSheetRows)
}

func newXLSXOf(out io.Writer, c *collection.Collection, records int64, perSheet int) (*xlsxWriter, error) {
	w := &xlsxWriter{archive: zip.NewWriter(out), reader: newReader(c), perSheet: perSheet}
	w.archive.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestSpeed)
	})
	for i, p := range c.Properties {
		w.members = append(w.members, p.Name)
		w.columns = append(w.columns, columnName(i))
	}
	content := int64(perSheet - 1)
	sheets := max(1, int((records+content-1)/content))
	for _, part := range workbookParts(c.Name, sheets) {
		if err := w.writePart(part.name, part.content); err != nil {
			return nil, err
		}
	}
	return w, w.beginSheet()
}

func (w *xlsxWriter) writePart(name, content string) error {
	part, err := w.create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(part, content)
	return err
}

// epoch is the time of every part, so that the same records make the same file: the earliest that an archive can tell.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *xlsxWriter) create(name string) (io.Writer, error) {
	part, err := w.archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch})
	if err != nil {
		return nil, fmt.Errorf("beginning %s: %w", name, err)
	}
	return part, nil
}

func (w *xlsxWriter) beginSheet() error {
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
	if _, err := w.out.WriteString(sheetHead); err != nil {
		return err
	}
	w.beginRow()
	for i, name := range w.members {
		w.textCell(i, headerStyle, name)
	}
	return w.endRow()
}

func (w *xlsxWriter) endSheet() error {
	if w.out == nil {
		return nil
	}
	if _, err := w.out.WriteString(sheetTail); err != nil {
		return err
	}
	return w.out.Flush()
}

// Write writes a row, on a new worksheet if the one in hand is full.
func (w *xlsxWriter) Write(record []byte) error {
	if w.rows == w.perSheet {
		if err := w.beginSheet(); err != nil {
			return err
		}
	}
	if err := w.reader.read(record); err != nil {
		return err
	}
	w.beginRow()
	for i := range w.members {
		if err := w.cell(i, w.reader.value(record, i)); err != nil {
			return err
		}
	}
	return w.endRow()
}

func (w *xlsxWriter) beginRow() {
	w.rows++
	_, _ = w.out.WriteString(`<row r="` + strconv.Itoa(w.rows) + `">`) // a bufio.Writer keeps its error for endRow
}

func (w *xlsxWriter) endRow() error {
	_, err := w.out.WriteString("</row>")
	return err
}

// cell writes a value. Texts are inline strings and never formulas, whatever they begin with.
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
		if !fitsCell(string(value)) {
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
	content, isCut := fitCell(content)
	if isCut {
		w.cut++
	}
	_, _ = w.out.WriteString(`<c r="` + w.columns[column] + strconv.Itoa(w.rows) + `"` + style + ` t="inlineStr"><is><t xml:space="preserve">`)
	writeEscaped(w.out, content)
	_, _ = w.out.WriteString(`</t></is></c>`)
}

// Cut is how many texts were longer than a cell may be.
func (w *xlsxWriter) Cut() int64 { return w.cut }

// Close ends the last worksheet and writes the archive's directory.
func (w *xlsxWriter) Close() error {
	if err := w.endSheet(); err != nil {
		return err
	}
	return w.archive.Close()
}
