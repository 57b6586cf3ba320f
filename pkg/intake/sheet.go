package intake

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake/workbook"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
)

// sheetParser parses a sheet of a workbook: it converts each row after the header row to a record, as table does.
// Numbers, dates and booleans become texts, which the columns convert like the cells of a CSV body.
type sheetParser struct {
	rows   *workbook.Rows
	table  table
	limits Limits
	cells  []cell
	number int // of the last row
}

func openWorkbook(files []*zip.File, o *opener, media Media, target *collection.Collection, limits Limits) (*Reader, error) {
	book, err := workbook.Open(files, o.open, maxTexts, limits.Record)
	if err != nil {
		return nil, workbookError(err)
	}
	rows, err := book.Rows(media.Options.Sheet)
	if err != nil {
		return nil, workbookError(err)
	}
	p := &sheetParser{rows: rows, limits: limits, table: table{nullEmpty: media.Options.EmptyCells == EmptyNull, unit: "row"}}
	if err := p.readHeader(media.Options.HeaderRow, target); err != nil {
		rows.Close()
		return nil, err
	}
	return &Reader{limits: limits, close: rows.Close, parser: p}, nil
}

// workbookError converts an error of the file to a fault.
func workbookError(err error) error {
	if problem, ok := errors.AsType[*workbook.Error](err); ok {
		return fault.New(fault.Malformed, "bad-workbook", "The workbook cannot be read: %s. Nothing was imported.", problem.Reason)
	}
	return err
}

// readHeader reads the header row: that with the number, or the first that is not blank.
func (p *sheetParser) readHeader(wanted int, target *collection.Collection) error {
	for {
		number, cells, err := p.rows.Next(p.limits.Record)
		switch {
		case errors.Is(err, io.EOF) && wanted == 0:
			return emptyBody()
		case errors.Is(err, io.EOF), err == nil && wanted > 0 && number > wanted:
			return badHeader("Row %d of the sheet is blank.", wanted)
		case err != nil:
			return workbookError(err)
		case number < wanted:
			continue
		}
		p.number = number
		for _, c := range cells {
			if c.Problem != "" {
				return badHeader("The cell %s %s.", workbook.Name(c.Column, number), c.Problem)
			}
		}
		if last := cells[len(cells)-1].Column; last >= MaxColumns {
			return badHeader("It has %d columns, and at most %d are taken.", last+1, MaxColumns).With("limit", MaxColumns)
		}
		return p.table.readHeader(p.spread(cells, 0), target)
	}
}

// spread returns the cells in their columns, at least width of them.
func (p *sheetParser) spread(cells []workbook.Cell, width int) []cell {
	p.cells = p.cells[:0]
	for _, c := range cells {
		for len(p.cells) < c.Column {
			p.cells = append(p.cells, cell{})
		}
		p.cells = append(p.cells, cell{text: c.Text})
	}
	for len(p.cells) < width {
		p.cells = append(p.cells, cell{})
	}
	return p.cells
}

func (p *sheetParser) inRecord() bool { return true }

// next returns the next record. Its offset is the number of the row.
func (p *sheetParser) next() ([]byte, int64, error) {
	number, found, err := p.rows.Next(p.limits.Record)
	if err != nil {
		return nil, 0, workbookError(err)
	}
	p.number = number
	width := 0
	if p.table.nullEmpty { // a sheet has no cells after the last one with a value
		width = len(p.table.columns)
	}
	cells := p.spread(found, width)
	for _, c := range found {
		if c.Problem != "" {
			text, err := p.refuse(cells, c)
			return text, int64(number), err
		}
	}
	text, err := p.table.convert(cells, number)
	return text, int64(number), err
}

// refuse returns a record that the importer rejects because of a cell.
func (p *sheetParser) refuse(cells []cell, c workbook.Cell) ([]byte, error) {
	reason := operation.Reason{Code: record.CellError, Message: fmt.Sprintf("the cell %s %s", workbook.Name(c.Column, p.number), c.Problem)}
	if len(cells) > len(p.table.columns) {
		return p.table.refuse(cells, reason.Code, "%s", reason.Message), nil
	}
	received, err := p.table.convert(cells, p.number)
	if name := p.table.columns[c.Column].name; name != "" {
		reason.Pointer = record.Pointer(name)
	}
	p.table.refused = record.AppendRefused(p.table.refused[:0], received, reason)
	return p.table.refused, err
}
