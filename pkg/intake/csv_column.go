package intake

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
)

// csvColumn converts the cells of one CSV column to values of one member.
type csvColumn struct {
	name   string
	member []byte    // the quoted name and a colon
	types  jsonTypes // of the member
	items  jsonTypes // of its items, if it is an array
	// keepsEmpty reports whether a quoted empty cell is an empty string.
	keepsEmpty bool
}

// jsonTypes are the JSON types that a value may have.
type jsonTypes struct {
	text, number, boolean, array, object bool
}

func typesOf(p collection.Property) jsonTypes {
	return jsonTypes{
		text:    p.Allows("string"),
		number:  p.Allows("number") || p.Allows("integer"),
		boolean: p.Allows("boolean"),
		array:   p.Allows("array"),
		object:  p.Allows("object"),
	}
}

// newCSVColumn finds the member with the column's name. The cells of an undeclared column become
// strings, which the importer takes for the parts of a lookup's natural key and decides about otherwise. An undeclared
// column may also have the objects that lookups use.
func newCSVColumn(name string, c *collection.Collection) csvColumn {
	col := csvColumn{name: name, member: append(appendString(nil, name), ':'), types: jsonTypes{text: true}}
	i := slices.IndexFunc(c.Properties, func(p collection.Property) bool { return p.Name == name })
	if i < 0 {
		col.types.object = slices.ContainsFunc(c.LookupPaths(), func(path string) bool { return strings.HasPrefix(path, name+".") })
		return col
	}
	col.types = typesOf(c.Properties[i])
	col.items = typesOf(collection.Property{Types: c.Properties[i].Items})
	col.keepsEmpty = col.types.text && c.Properties[i].Format == ""
	return col
}

// appendValue appends a cell as JSON, depending on the types that the member may have:
//
//   - An empty cell means an absent member and is not passed to this function. Only one that is written as two
//     quotes is an empty string, if the member may be a string without a format. Programs that put every cell in
//     quotes write a missing number or date in this way too, so for other members it also means an absent one.
//   - A cell that is JSON becomes that JSON if the member may be anything, or if it is an object or an array and
//     the member may be that. For an item of an array that may be anything, this does not apply.
//   - A member that may be a string gets any other cell unchanged, except that the apostrophe is removed with
//     which our own CSV files make a formula harmless (report.EscapeFormula).
//   - A number must have the syntax of JSON; space around it is allowed.
//   - A boolean is true or false, or t or f as Postgres writes it, in upper or lower case.
//   - An array in braces, as Postgres writes it, has the items that Postgres reads: see arrayLiteral. If Postgres
//     could not read it, it becomes a string.
//   - Any other array that is not JSON has its items separated by "|", without the space around each, and `\|` is a bar
//     in an item. Items follow the same rules, except that they are no arrays or objects. A member that may also
//     be a number or a boolean gets that first.
//   - Anything else becomes a string, so that the schema rejects it with a reason.
func (c csvColumn) appendValue(dst []byte, cell string) []byte {
	trimmed := strings.TrimSpace(cell)
	if c.types.isDocument(trimmed) {
		return append(dst, trimmed...)
	}
	if c.types.text {
		return appendString(dst, report.UnescapeFormula(cell))
	}
	if scalar, ok := c.types.scalar(trimmed); ok {
		return append(dst, scalar...)
	}
	switch {
	case !c.types.array:
		return appendString(dst, cell)
	case isBraced(trimmed):
		if array, ok := c.appendLiteral(dst, trimmed); ok {
			return array
		}
		return appendString(dst, cell)
	}
	return c.appendArray(dst, trimmed)
}

// isDocument reports whether a cell is taken as the JSON that it is.
func (t jsonTypes) isDocument(cell string) bool {
	if cell == "" {
		return false
	}
	switch c := cell[0]; {
	case c == '{':
		return t.object && isJSON(cell)
	case c == '[':
		return t.array && isJSON(cell)
	case t != jsonTypes{true, true, true, true, true}:
		return false
	case c == '"':
		return isJSON(cell)
	}
	return isNumber(cell) || cell == "true" || cell == "false" || cell == "null"
}

func (c csvColumn) appendArray(dst []byte, cell string) []byte {
	dst = append(dst, '[')
	for i, item := range splitItems(cell) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.appendItem(dst, item)
	}
	return append(dst, ']')
}

func (c csvColumn) appendItem(dst []byte, item string) []byte {
	if scalar, ok := c.items.scalar(item); ok {
		return append(dst, scalar...)
	}
	return appendString(dst, item)
}

// splitItems splits at every bar that does not follow a backslash.
func splitItems(cell string) []string {
	var items []string
	var item strings.Builder
	for i := 0; i < len(cell); i++ {
		switch {
		case cell[i] == '\\' && i+1 < len(cell) && cell[i+1] == '|':
			item.WriteByte('|')
			i++
		case cell[i] == '|':
			items = append(items, strings.TrimSpace(item.String()))
			item.Reset()
		default:
			item.WriteByte(cell[i])
		}
	}
	return append(items, strings.TrimSpace(item.String()))
}

// scalar returns a cell as a JSON number or boolean if the types allow it.
func (t jsonTypes) scalar(cell string) (text string, ok bool) {
	switch {
	case t.text:
		return "", false
	case t.number && isNumber(cell):
		return cell, true
	case t.boolean && (strings.EqualFold(cell, "true") || strings.EqualFold(cell, "t")):
		return "true", true
	case t.boolean && (strings.EqualFold(cell, "false") || strings.EqualFold(cell, "f")):
		return "false", true
	default:
		return "", false
	}
}

func isJSON(text string) bool { return jsontext.Value(text).IsValid(lenient...) }

func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && isJSON(text)
}

// appendString appends a text as a JSON string. Unlike jsontext.AppendQuote it keeps bytes that are
// not UTF-8: the importer rejects the record that contains them.
func appendString(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}
