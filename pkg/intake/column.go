package intake

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// column turns the cells of one CSV column into values of one member.
type column struct {
	member []byte // the quoted name and a colon
	kinds  kinds  // of the cells
	items  kinds  // of what a list holds
}

// kinds are the JSON types that a value may have.
type kinds struct {
	text, number, boolean, array, object bool
}

func kindsOf(p collection.Property) kinds {
	return kinds{
		text:    p.Allows("string"),
		number:  p.Allows("number") || p.Allows("integer"),
		boolean: p.Allows("boolean"),
		array:   p.Allows("array"),
		object:  p.Allows("object"),
	}
}

// newColumn looks the column's name up among the collection's members. A column that is not declared holds
// text: whether its member may be there is the importer's to say.
func newColumn(name string, c *collection.Collection) column {
	col := column{member: append(appendString(nil, name), ':'), kinds: kinds{text: true}}
	i := slices.IndexFunc(c.Properties, func(p collection.Property) bool { return p.Name == name })
	if i < 0 {
		return col
	}
	col.kinds = kindsOf(c.Properties[i])
	col.items = kindsOf(collection.Property{Types: c.Properties[i].Items})
	return col
}

// append turns a cell into JSON by what the collection says that the member may be:
//
//   - An empty cell stands for an absent member and does not come here.
//   - A member that may be a string gets the cell as it is.
//   - A number is taken if the cell holds one as JSON writes it, with or without space around it.
//   - A boolean is true or false in whatever case.
//   - An object is taken if the cell holds one as JSON.
//   - A list is a JSON array if the cell begins with "["; otherwise its items are separated by "|", each
//     without the space around it, and `\|` is a bar that belongs to an item. An item follows these rules
//     too, but is no list or object. A number or a boolean goes before, where the member may be one.
//   - Whatever does not fit becomes a string, so that the schema rejects it with a reason.
func (c column) append(dst []byte, cell string) []byte {
	if c.kinds.text {
		return appendString(dst, cell)
	}
	trimmed := strings.TrimSpace(cell)
	if c.kinds.object && begins(trimmed, '{') && isJSON(trimmed) || c.kinds.array && begins(trimmed, '[') && isJSON(trimmed) {
		return append(dst, trimmed...)
	}
	if scalar, ok := c.kinds.scalar(trimmed); ok {
		return append(dst, scalar...)
	}
	if c.kinds.array {
		return c.appendList(dst, trimmed)
	}
	return appendString(dst, cell)
}

func (c column) appendList(dst []byte, cell string) []byte {
	dst = append(dst, '[')
	for i, item := range splitList(cell) {
		if i > 0 {
			dst = append(dst, ',')
		}
		if scalar, ok := c.items.scalar(item); ok {
			dst = append(dst, scalar...)
		} else {
			dst = appendString(dst, item)
		}
	}
	return append(dst, ']')
}

// splitList cuts at every bar that no backslash precedes.
func splitList(cell string) []string {
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

// scalar returns the JSON text of a cell that holds a number or a boolean, where one may be.
func (k kinds) scalar(cell string) (text string, ok bool) {
	switch {
	case k.text:
		return "", false
	case k.number && isNumber(cell):
		return cell, true
	case k.boolean && strings.EqualFold(cell, "true"):
		return "true", true
	case k.boolean && strings.EqualFold(cell, "false"):
		return "false", true
	default:
		return "", false
	}
}

func begins(text string, c byte) bool { return text != "" && text[0] == c }

func isJSON(text string) bool { return jsontext.Value(text).IsValid(lenient...) }

func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && isJSON(text)
}

// appendString quotes a text. Unlike jsontext.AppendQuote it keeps bytes that are not UTF-8 as they are: they
// are the importer's to reject, in that record alone.
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
