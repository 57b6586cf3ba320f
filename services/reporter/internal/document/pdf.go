package document

import (
	"fmt"
	"io"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// Measures in millimetres, of text in points.
const (
	margin     = 14.0
	lineHeight = 4.6
	cellPad    = 1.2
	factWidth  = 42.0
	titleSize  = 17.0
	headSize   = 12.0
	textSize   = 8.5
	family     = "go"
	// maxLines bounds a cell, so that a row always fits on a page.
	maxLines = 14
	// footer is kept free at the end of a page.
	footer = 16.0
)

// writer is a PDF in the making. The library keeps the first error; it is asked for at the end.
type writer struct {
	pdf   *fpdf.Fpdf
	width float64 // between the margins
}

// writePDF writes A4 pages. The fonts are embedded and know Latin, Greek and Cyrillic; any other character is shown as a replacement.
func writePDF(out io.Writer, d Document) error {
	w := newWriter(d)
	w.title(d)
	for _, s := range d.Sections {
		w.section(s)
	}
	if err := w.pdf.Output(out); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	return nil
}

func newWriter(d Document) *writer {
	pdf := fpdf.New("L", "mm", "A4", "")
	pdf.SetCatalogSort(true) // the same facts make the same file
	pdf.SetCreationDate(d.Made.UTC())
	pdf.SetModificationDate(d.Made.UTC())
	pdf.SetProducer("Longshore", true)
	pdf.SetTitle(d.Title, true)
	pdf.SetLang("en")
	pdf.AddUTF8FontFromBytes(family, "", goregular.TTF)
	pdf.AddUTF8FontFromBytes(family, "B", gobold.TTF)
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(false, footer)
	pdf.SetFooterFunc(func() {
		pdf.SetY(-footer + lineHeight)
		pdf.SetFont(family, "", textSize)
		pdf.CellFormat(0, lineHeight, fmt.Sprintf("Page %d", pdf.PageNo()), "", 0, "R", false, 0, "")
	})
	pdf.AddPage()
	pageWidth, _ := pdf.GetPageSize()
	return &writer{pdf: pdf, width: pageWidth - 2*margin}
}

func (w *writer) title(d Document) {
	w.pdf.SetFont(family, "B", titleSize)
	w.pdf.MultiCell(0, titleSize/2, showable(d.Title), "", "L", false)
	w.pdf.SetFont(family, "", textSize)
	w.pdf.MultiCell(0, lineHeight, "As of "+Moment(d.Made), "", "L", false)
}

func (w *writer) section(s Section) {
	const head = 12.0
	w.keep(head + 3*lineHeight)
	w.pdf.Ln(lineHeight)
	w.pdf.SetFont(family, "B", headSize)
	w.pdf.MultiCell(0, headSize/2, showable(s.Title), "", "L", false)
	w.pdf.Ln(1)
	w.pdf.SetFont(family, "", textSize)
	for _, f := range s.Facts {
		w.row([]string{f.Name, f.Value}, factColumns, []float64{factWidth, w.width - factWidth}, "")
	}
	if s.Table != nil {
		w.table(*s.Table)
	}
	if s.Note != "" {
		w.keep(lineHeight)
		w.pdf.MultiCell(0, lineHeight, showable(s.Note), "", "L", false)
	}
}

var factColumns = []Column{{}, {}}

func (w *writer) table(t Table) {
	widths := w.shares(t.Columns)
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	head := func() {
		w.pdf.SetFont(family, "B", textSize)
		w.row(titles, t.Columns, widths, "B")
		w.pdf.SetFont(family, "", textSize)
	}
	head()
	for _, cells := range t.Rows {
		if w.keep(w.heightOf(cells, widths)) {
			head()
		}
		w.row(cells, t.Columns, widths, "B")
	}
}

func (w *writer) shares(columns []Column) []float64 {
	sum := 0.0
	for _, c := range columns {
		sum += c.Share
	}
	widths := make([]float64, len(columns))
	for i, c := range columns {
		widths[i] = w.width * c.Share / sum
	}
	return widths
}

// keep begins a new page unless there is room for so much, and reports whether it did.
func (w *writer) keep(height float64) bool {
	_, pageHeight := w.pdf.GetPageSize()
	if w.pdf.GetY()+height <= pageHeight-footer {
		return false
	}
	w.pdf.AddPage()
	w.pdf.SetFont(family, "", textSize)
	return true
}

func (w *writer) heightOf(cells []string, widths []float64) float64 {
	most := 1
	for i, cell := range cells {
		most = max(most, len(w.lines(cell, widths[i])))
	}
	return float64(most)*lineHeight + cellPad
}

// row writes cells side by side, each broken into lines.
func (w *writer) row(cells []string, columns []Column, widths []float64, border string) {
	height := w.heightOf(cells, widths)
	w.keep(height)
	x, y := margin, w.pdf.GetY()
	for i, cell := range cells {
		align := "L"
		if columns[i].Number {
			align = "R"
		}
		for n, line := range w.lines(cell, widths[i]) {
			w.pdf.SetXY(x, y+cellPad/2+float64(n)*lineHeight)
			w.pdf.CellFormat(widths[i], lineHeight, line, "", 0, align, false, 0, "")
		}
		x += widths[i]
	}
	if border != "" {
		w.pdf.SetDrawColor(190, 190, 190)
		w.pdf.Line(margin, y+height, margin+w.width, y+height)
	}
	w.pdf.SetXY(margin, y+height)
}

// lines breaks a text; one that has more lines than a cell may have ends with an ellipsis.
func (w *writer) lines(cell string, width float64) []string {
	lines := w.pdf.SplitText(showable(cell), width-2*cellPad)
	if len(lines) > maxLines {
		lines = append(lines[:maxLines-1], "…")
	}
	return lines
}
