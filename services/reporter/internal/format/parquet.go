package format

import (
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parquet-go/parquet-go"

	"github.com/longshore-io/longshore/pkg/collection"
)

// A row group is what is held in memory until it is written: so many rows or bytes of records, whichever comes first.
const (
	groupRows  = 100_000
	groupBytes = 16 << 20
)

// parquetWriter writes the collection's members as columns of their own types, all of them optional, in the order of the collection:
// text, 64-bit integer, double, boolean, a list of these, and JSON text for everything else.
type parquetWriter struct {
	out     *parquet.GenericWriter[any]
	reader  *reader
	columns []parquetColumn
	row     parquet.Row
	// rows and bytes are what is in the row group in hand.
	rows, bytes int
}

// parquetColumn turns a member's value into values of its column.
type parquetColumn struct {
	member string
	kind   parquetKind
	list   bool
}

func newParquet(out io.Writer, c *collection.Collection) *parquetWriter {
	w := &parquetWriter{reader: newReader(c)}
	nodes := make(parquet.Group, len(c.Properties))
	names := make([]string, 0, len(c.Properties))
	for _, p := range c.Properties {
		column := columnOf(p)
		w.columns = append(w.columns, column)
		nodes[p.Name] = column.node()
		names = append(names, p.Name)
	}
	schema := parquet.NewSchema(c.Name, ordered{nodes, names})
	// Snappy and the first version of data pages are what every reader of Parquet knows.
	w.out = parquet.NewGenericWriter[any](out, schema, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1))
	return w
}

// ordered is a group whose fields keep the order of the collection; the library's own sorts them by name.
type ordered struct {
	parquet.Group
	names []string
}

// Fields lists the columns.
func (o ordered) Fields() []parquet.Field {
	fields := o.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(o.names, a.Name()) - slices.Index(o.names, b.Name())
	})
	return fields
}

// columnOf finds the type of a property: the one JSON type that it has beside null, or JSON if it may have several.
func columnOf(p collection.Property) parquetColumn {
	kind, single := singleKind(p.Types)
	if !single || kind != "array" {
		return parquetColumn{member: p.Name, kind: kindOf(kind, single)}
	}
	item, single := singleKind(p.Items)
	if single && item != "array" && item != "object" && !slices.Contains(p.Items, "null") {
		return parquetColumn{member: p.Name, kind: kindOf(item, true), list: true}
	}
	return parquetColumn{member: p.Name, kind: jsonKind}
}

func singleKind(types []string) (kind string, single bool) {
	others := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "null" })
	if len(others) == 2 && slices.Contains(others, "integer") && slices.Contains(others, "number") {
		return "number", true
	}
	if len(others) != 1 {
		return "", false
	}
	return others[0], true
}

func (c parquetColumn) node() parquet.Node {
	if c.list {
		return parquet.Optional(parquet.List(c.kind.node()))
	}
	return parquet.Optional(c.kind.node())
}

// Write adds a row, and begins a new row group when the one in hand is large enough.
func (w *parquetWriter) Write(record []byte) error {
	if err := w.reader.read(record); err != nil {
		return err
	}
	w.row = w.row[:0]
	for i, c := range w.columns {
		if err := w.append(c, i, w.reader.value(record, i)); err != nil {
			return err
		}
	}
	if _, err := w.out.WriteRows([]parquet.Row{w.row}); err != nil {
		return fmt.Errorf("writing a row: %w", err)
	}
	w.rows++
	w.bytes += len(record)
	if w.rows < groupRows && w.bytes < groupBytes {
		return nil
	}
	w.rows, w.bytes = 0, 0
	return w.out.Flush()
}

// append adds a member's values. The levels are those of Dremel, as Parquet writes them: how much of the path to the value is there, and at
// which level a list repeats.
func (w *parquetWriter) append(c parquetColumn, column int, value jsontext.Value) error {
	if value == nil {
		w.row = append(w.row, parquet.NullValue().Level(0, 0, column))
		return nil
	}
	if !c.list {
		made, err := c.kind.value(c.member, value)
		w.row = append(w.row, made.Level(0, 1, column))
		return err
	}
	items, err := itemsOf(c.member, value)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		w.row = append(w.row, parquet.NullValue().Level(0, 1, column))
		return nil
	}
	for i, item := range items {
		made, err := c.kind.value(c.member, item)
		if err != nil {
			return err
		}
		w.row = append(w.row, made.Level(min(i, 1), 2, column))
	}
	return nil
}

// Close writes the last row group and the file's description.
func (w *parquetWriter) Close() error { return w.out.Close() }
