package document

import (
	"fmt"
	"io"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// Lengths are in millimetres, font sizes in points.
const (
	margin       = 14.0
	footerHeight = 16.0
	lineHeight   = 4.6
	cellPadding  = 1.2
	factWidth    = 42.0
	titleSize    = 17.0
	headingSize  = 12.0
	textSize     = 8.5
	family       = "go"
	// maxCellLines limits the height of a row, so that it fits on a page.
	maxCellLines = 14
)

// pdfWriter lays out a PDF. The library keeps the first error, which Output returns.
type pdfWriter struct {
	pdf   *fpdf.Fpdf
	width float64 // between the margins
}

// writePDF writes A4 pages. The embedded fonts contain Latin, Greek and Cyrillic; other characters
// are shown as a replacement.
func writePDF(out io.Writer, d Document) error {
	w := newPDFWriter(d)
	w.title(d)
	for _, s := range d.Sections {
		w.section(s)
	}
	if err := w.pdf.Output(out); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	return nil
}

// newPDFWriter returns a writer with an empty first page. The same document always results in the
// same bytes.
func newPDFWriter(d Document) *pdfWriter {
	pdf := fpdf.New("L", "mm", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(d.AsOf.UTC())
	pdf.SetModificationDate(d.AsOf.UTC())
	pdf.SetProducer("Longshore", true)
	pdf.SetTitle(d.Title, true)
	pdf.SetLang("en")
	pdf.AddUTF8FontFromBytes(family, "", goregular.TTF)
	pdf.AddUTF8FontFromBytes(family, "B", gobold.TTF)
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(false, footerHeight)
	pdf.SetFooterFunc(func() {
		pdf.SetY(-footerHeight + lineHeight)
		pdf.SetFont(family, "", textSize)
		pdf.CellFormat(0, lineHeight, fmt.Sprintf("Page %d", pdf.PageNo()), "", 0, "R", false, 0, "")
	})
	pdf.AddPage()
	pageWidth, _ := pdf.GetPageSize()
	return &pdfWriter{pdf: pdf, width: pageWidth - 2*margin}
}

func (w *pdfWriter) title(d Document) {
	w.pdf.SetFont(family, "B", titleSize)
	w.pdf.MultiCell(0, titleSize/2, printable(d.Title), "", "L", false)
	w.pdf.SetFont(family, "", textSize)
	w.pdf.MultiCell(0, lineHeight, "As of "+FormatTime(d.AsOf), "", "L", false)
}

func (w *pdfWriter) section(s Section) {
	const headingHeight = 12.0
	w.breakPage(headingHeight + 3*lineHeight)
	w.pdf.Ln(lineHeight)
	w.pdf.SetFont(family, "B", headingSize)
	w.pdf.MultiCell(0, headingSize/2, printable(s.Title), "", "L", false)
	w.pdf.Ln(1)
	w.pdf.SetFont(family, "", textSize)
	for _, f := range s.Facts {
		w.row([]string{f.Name, f.Value}, factColumns, []float64{factWidth, w.width - factWidth}, "")
	}
	if s.Table != nil {
		w.table(*s.Table)
	}
	if s.Note != "" {
		w.breakPage(lineHeight)
		w.pdf.MultiCell(0, lineHeight, printable(s.Note), "", "L", false)
	}
}

var factColumns = []Column{{}, {}}

// table writes a table and repeats its header on every page.
func (w *pdfWriter) table(t Table) {
	widths := w.columnWidths(t.Columns)
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	header := func() {
		w.pdf.SetFont(family, "B", textSize)
		w.row(titles, t.Columns, widths, "B")
		w.pdf.SetFont(family, "", textSize)
	}
	header()
	for _, cells := range t.Rows {
		if w.breakPage(w.rowHeight(cells, widths)) {
			header()
		}
		w.row(cells, t.Columns, widths, "B")
	}
}

func (w *pdfWriter) columnWidths(columns []Column) []float64 {
	sum := 0.0
	for _, c := range columns {
		sum += c.Width
	}
	widths := make([]float64, len(columns))
	for i, c := range columns {
		widths[i] = w.width * c.Width / sum
	}
	return widths
}

// breakPage starts a new page if the current one has less room than height, and reports whether it
// did.
func (w *pdfWriter) breakPage(height float64) bool {
	_, pageHeight := w.pdf.GetPageSize()
	if w.pdf.GetY()+height <= pageHeight-footerHeight {
		return false
	}
	w.pdf.AddPage()
	w.pdf.SetFont(family, "", textSize)
	return true
}

func (w *pdfWriter) rowHeight(cells []string, widths []float64) float64 {
	lines := 1
	for i, cell := range cells {
		lines = max(lines, len(w.lines(cell, widths[i])))
	}
	return float64(lines)*lineHeight + cellPadding
}

// row writes cells side by side, each broken into lines.
func (w *pdfWriter) row(cells []string, columns []Column, widths []float64, border string) {
	height := w.rowHeight(cells, widths)
	w.breakPage(height)
	x, y := margin, w.pdf.GetY()
	for i, cell := range cells {
		align := "L"
		if columns[i].Number {
			align = "R"
		}
		for n, line := range w.lines(cell, widths[i]) {
			w.pdf.SetXY(x, y+cellPadding/2+float64(n)*lineHeight)
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

// lines breaks a cell's text into lines. A text with more than maxCellLines ends with an ellipsis.
func (w *pdfWriter) lines(cell string, width float64) []string {
	lines := w.pdf.SplitText(printable(cell), width-2*cellPadding)
	if len(lines) > maxCellLines {
		lines = append(lines[:maxCellLines-1], "…")
	}
	return lines
}
