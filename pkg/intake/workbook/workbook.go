// Package workbook reads the rows of XLSX workbooks (ECMA-376) as a stream. Memory holds one row, a part of the shared
// texts, and the compressed rest of them, regardless of the number of rows. The libraries that read workbooks hold the
// whole file.
package workbook

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Error is an error of the file, for people. Other errors are those of reading it.
type Error struct{ Reason string }

// Error implements error.
func (e *Error) Error() string { return e.Reason }

func wrong(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Opener opens an entry of the zip file. It applies the limits of sizes.
type Opener func(*zip.File) (io.ReadCloser, error)

// Book is a workbook. It is not safe for concurrent use.
type Book struct {
	files  map[string]*zip.File
	open   Opener
	sheets []sheetEntry
	styles []style
	texts  *texts
	// base1904 reports whether days count from 1904 and not from 1900.
	base1904 bool
}

type sheetEntry struct{ name, file string }

// Is reports whether a zip file is a workbook.
func Is(files []*zip.File) bool {
	return slices.ContainsFunc(files, func(f *zip.File) bool { return f.Name == "xl/workbook.xml" || f.Name == "[Content_Types].xml" })
}

// Open reads everything of a workbook but its rows. maxTexts limits the memory for its shared texts in bytes, maxCell
// the size of a text.
func Open(files []*zip.File, open Opener, maxTexts, maxCell int) (*Book, error) {
	shared, err := newTexts(maxTexts)
	if err != nil {
		return nil, err
	}
	b := &Book{files: make(map[string]*zip.File, len(files)), open: open, texts: shared}
	for _, f := range files {
		b.files[strings.TrimPrefix(f.Name, "/")] = f
	}
	main, others := "xl/workbook.xml", relations{}
	if err := b.read("_rels/.rels", others.read); err != nil {
		return nil, err
	}
	for _, r := range others {
		if strings.HasSuffix(r.kind, "/officeDocument") {
			main = strings.TrimPrefix(path.Clean("/"+r.target), "/")
		}
	}
	if b.files[main] == nil {
		if b.files["xl/workbook.bin"] != nil {
			return nil, wrong("it is a binary workbook (.xlsb); save it as .xlsx or as CSV")
		}
		return nil, wrong("it is a file of Office, but no workbook")
	}
	if err := b.readMain(main); err != nil {
		return nil, err
	}
	if len(b.sheets) == 0 {
		return nil, wrong("it has no sheets with cells")
	}
	if err := b.read("xl/styles.xml", b.readStyles); err != nil {
		return nil, err
	}
	return b, b.read("xl/sharedStrings.xml", func(d *xml.Decoder) error { return b.readTexts(d, maxCell) })
}

// read calls a function with the tokens of an entry; a missing entry is no error.
func (b *Book) read(name string, visit func(*xml.Decoder) error) error {
	f := b.files[name]
	if f == nil {
		return nil
	}
	r, err := b.open(f)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if err := visit(newDecoder(r)); err != nil && !errors.Is(err, io.EOF) {
		return explain(name, err)
	}
	return nil
}

// explain converts a syntax error to one for people.
func explain(name string, err error) error {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return wrong("its part %s is damaged at line %d: %s", name, syntax.Line, syntax.Msg)
	}
	return err
}

// newDecoder returns a decoder of XML in UTF-8, which Office writes.
func newDecoder(r io.Reader) *xml.Decoder {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(name string, _ io.Reader) (io.Reader, error) {
		return nil, wrong("a part of it is encoded in %s and not in UTF-8", name)
	}
	return d
}

// each calls a function for every element that begins.
func each(d *xml.Decoder, visit func(xml.StartElement) error) error {
	for {
		token, err := d.RawToken()
		if err != nil {
			return err
		}
		if start, ok := token.(xml.StartElement); ok {
			if err := visit(start); err != nil {
				return err
			}
		}
	}
}

// attribute returns the value of an attribute by its name without a prefix.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

type relation struct{ kind, target string }

// relations are by id.
type relations map[string]relation

func (r relations) read(d *xml.Decoder) error {
	return each(d, func(e xml.StartElement) error {
		if e.Name.Local == "Relationship" {
			r[attribute(e, "Id")] = relation{kind: attribute(e, "Type"), target: attribute(e, "Target")}
		}
		return nil
	})
}

// readMain reads the list of sheets.
func (b *Book) readMain(main string) error {
	folder := path.Dir(main)
	linked := relations{}
	if err := b.read(path.Join(folder, "_rels", path.Base(main)+".rels"), linked.read); err != nil {
		return err
	}
	return b.read(main, func(d *xml.Decoder) error {
		return each(d, func(e xml.StartElement) error {
			switch e.Name.Local {
			case "workbookPr":
				value := attribute(e, "date1904")
				b.base1904 = value == "1" || value == "true"
			case "sheet":
				target := linked[relationID(e)]
				if !strings.HasSuffix(target.kind, "/worksheet") { // a chart has no cells
					return nil
				}
				file, absolute := strings.CutPrefix(target.target, "/")
				if !absolute {
					file = path.Join(folder, file)
				}
				b.sheets = append(b.sheets, sheetEntry{name: attribute(e, "name"), file: file})
			}
			return nil
		})
	})
}

// relationID returns the attribute r:id, which is not the attribute id.
func relationID(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// Sheets returns the names of the sheets.
func (b *Book) Sheets() []string {
	names := make([]string, len(b.sheets))
	for i, s := range b.sheets {
		names[i] = s.name
	}
	return names
}

// Rows returns the rows of a sheet: of that with the name, of that with the number from 1, or of the first if which is
// empty.
func (b *Book) Rows(which string) (*Rows, error) {
	i := slices.IndexFunc(b.sheets, func(s sheetEntry) bool { return s.name == which })
	if number, err := strconv.Atoi(which); i < 0 && err == nil {
		i = number - 1
	}
	if which == "" {
		i = 0
	}
	if i < 0 || i >= len(b.sheets) {
		return nil, wrong("it has no sheet %q, only %s", which, quoted(b.Sheets()))
	}
	f := b.files[b.sheets[i].file]
	if f == nil {
		return nil, wrong("its sheet %q is missing", b.sheets[i].name)
	}
	source, err := b.open(f)
	if err != nil {
		return nil, err
	}
	return &Rows{book: b, name: f.Name, source: source, decoder: newDecoder(source)}, nil
}

// maxNames limits how many names of sheets a message has.
const maxNames = 20

func quoted(names []string) string {
	var out []string
	for _, name := range names[:min(len(names), maxNames)] {
		out = append(out, strconv.Quote(name))
	}
	return strings.Join(out, ", ")
}
