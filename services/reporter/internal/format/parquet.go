package format

import (
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parquet-go/parquet-go"

	"github.com/longshore-io/longshore/pkg/collection"
)

// The size of a row group, which is buffered in memory. A group ends when it reaches one of the
// limits.
const (
	groupRows  = 100_000
	groupBytes = 16 << 20
)

// parquetWriter writes the collection's members as optional columns, in the order of the
// collection. Their types are text, 64-bit integer, double, boolean, a list of one of these, or
// JSON for all others.
type parquetWriter struct {
	out     *parquet.GenericWriter[any]
	reader  *reader
	columns []parquetColumn
	row     parquet.Row
	// rows and bytes are the size of the current row group.
	rows, bytes int
}

// parquetColumn describes the column of a member.
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
	schema := parquet.NewSchema(c.Name, orderedGroup{nodes, names})
	// Every reader of Parquet supports Snappy and version 1 of data pages.
	w.out = parquet.NewGenericWriter[any](out, schema, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1))
	return w
}

// orderedGroup is a group whose fields keep the order of the collection; the library's own sorts
// them by name.
type orderedGroup struct {
	parquet.Group
	names []string
}

// Fields returns the columns in order.
func (g orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}

// columnOf returns the column of a property. A property with several types other than null is a
// JSON column.
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

// singleKind returns the only type beside null. Integer and number together count as number.
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

// Write adds a row, and flushes the row group when it is large enough.
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

// append adds the values of a member to the row. Parquet uses the levels of Dremel: the repetition
// level is 1 for all items of a list but the first; the definition level is how much of the path to
// the value exists.
func (w *parquetWriter) append(c parquetColumn, column int, value jsontext.Value) error {
	if value == nil {
		w.row = append(w.row, parquet.NullValue().Level(0, 0, column))
		return nil
	}
	if !c.list {
		converted, err := c.kind.value(c.member, value)
		w.row = append(w.row, converted.Level(0, 1, column))
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
		converted, err := c.kind.value(c.member, item)
		if err != nil {
			return err
		}
		w.row = append(w.row, converted.Level(min(i, 1), 2, column))
	}
	return nil
}

// Close writes the last row group and the footer.
func (w *parquetWriter) Close() error { return w.out.Close() }
