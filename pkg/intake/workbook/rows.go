package workbook

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxColumns is how many columns a sheet can have.
const maxColumns = 16384

// Rows reads the rows of a sheet.
type Rows struct {
	book    *Book
	name    string
	source  io.Closer
	decoder *xml.Decoder
	number  int
	cells   []Cell
}

// Next returns the number of the next row with cells, from 1, and its cells that are not empty, which are valid until
// the next call; io.EOF after the last one. maxCells limits the bytes of a row.
func (r *Rows) Next(maxCells int) (number int, cells []Cell, err error) {
	for {
		token, err := r.decoder.RawToken()
		if err != nil {
			return 0, nil, r.explain(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "row" {
				continue
			}
			if err := r.begin(t); err != nil {
				return 0, nil, err
			}
			if err := r.readCells(maxCells); err != nil {
				return 0, nil, r.explain(cutOff(err))
			}
			if len(r.cells) > 0 {
				return r.number, r.cells, nil
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				return 0, nil, io.EOF
			}
		}
	}
}

// Close closes the sheet.
func (r *Rows) Close() { _ = r.source.Close() }

func (r *Rows) explain(err error) error {
	if errors.Is(err, io.EOF) {
		return wrong("its part %s is cut off", r.name)
	}
	return explain(r.name, err)
}

// cutOff replaces io.EOF, which callers take for a regular end.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return wrong("a part of it is cut off")
	}
	return err
}

// begin begins a row, whose number may be missing.
func (r *Rows) begin(e xml.StartElement) error {
	r.cells = r.cells[:0]
	given := attribute(e, "r")
	if given == "" {
		r.number++
		return nil
	}
	number, err := strconv.Atoi(given)
	if err != nil || number <= r.number {
		return wrong("row %q follows row %d in it", given, r.number)
	}
	r.number = number
	return nil
}

func (r *Rows) readCells(maxCells int) error {
	column, size := -1, 0
	for {
		token, err := r.decoder.RawToken()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if column, err = nextColumn(column, attribute(t, "r")); err != nil {
				return err
			}
			c, err := r.readCell(t, maxCells)
			if err != nil {
				return err
			}
			c.Column = column
			if c.Text != "" || c.Problem != "" {
				r.cells = append(r.cells, c)
			}
			if size += len(c.Text); size > maxCells {
				return wrong("row %d has more than %d bytes", r.number, maxCells)
			}
		case xml.EndElement:
			if t.Name.Local == "row" {
				return nil
			}
		}
	}
}

// nextColumn returns the column of a reference such as AB12; without one, the column after the last.
func nextColumn(last int, reference string) (int, error) {
	if reference == "" {
		return last + 1, nil
	}
	column := 0
	for _, c := range []byte(strings.TrimRight(reference, "0123456789")) {
		if c < 'A' || c > 'Z' || column > maxColumns {
			return 0, wrong("the cell %q has no such address", reference)
		}
		column = column*26 + int(c-'A') + 1
	}
	if column-1 <= last || column > maxColumns {
		return 0, wrong("the cell %q is out of order, or outside of a sheet", reference)
	}
	return column - 1, nil
}

// readCell reads a cell up to its end.
func (r *Rows) readCell(e xml.StartElement, maxCell int) (c Cell, err error) {
	kind := attribute(e, "t")
	format := plain
	if i, err := strconv.Atoi(attribute(e, "s")); err == nil && i >= 0 && i < len(r.book.styles) {
		format = r.book.styles[i]
	}
	var stored strings.Builder
	inValue, hasValue, hasFormula := false, false, false
	for {
		token, err := r.decoder.RawToken()
		if err != nil {
			return c, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			inValue = t.Name.Local == "v"
			switch t.Name.Local {
			case "v":
				hasValue = true
			case "f":
				hasFormula = true
			case "is":
				c.Text, err = readText(r.decoder, "is", maxCell)
				if err != nil {
					return c, err
				}
			}
		case xml.EndElement:
			inValue = false
			if t.Name.Local != "c" {
				continue
			}
			switch {
			case hasValue && (stored.Len() > 0 || kind == "str"):
				c.Text, c.Problem, err = r.book.value(kind, stored.String(), format)
			case hasFormula:
				c.Problem = "has a formula without a stored result; open the workbook in a program that computes it and save it"
			}
			return c, err
		case xml.CharData:
			if inValue {
				stored.Write(t)
			}
			if stored.Len() > maxCell {
				return c, wrong("row %d has a cell of more than %d bytes", r.number, maxCell)
			}
		}
	}
}

// Name returns the address of a cell, such as AB12.
func Name(column, row int) string {
	var letters []byte
	for column++; column > 0; column = (column - 1) / 26 {
		letters = append([]byte{byte('A' + (column-1)%26)}, letters...)
	}
	return string(letters) + strconv.Itoa(row)
}
