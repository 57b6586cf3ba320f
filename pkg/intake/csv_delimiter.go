package intake

import (
	"bytes"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
)

// delimiter separates the columns of a CSV body.
type delimiter struct {
	char byte
	name string
}

// delimiters are all supported delimiters, the most common first.
var delimiters = []delimiter{{',', "comma"}, {';', "semicolon"}, {'\t', "tab"}, {'|', "bar"}}

// detectDelimiter returns the delimiter by which the header row has the most names of members. Of several, it is the
// one that occurs most often in the row outside of quotes. A header row without a delimiter has one column; the
// result is the comma then.
func detectDelimiter(head []byte, quote byte, c *collection.Collection) delimiter {
	line := firstRow(head, quote)
	best, mostMembers, mostCells := delimiters[0], -1, 0
	for _, d := range delimiters {
		names := splitOutsideQuotes(line, d.char, quote)
		members := 0
		if len(names) > 1 {
			members = countMembers(names, c)
		}
		if members > mostMembers || members == mostMembers && len(names) > mostCells {
			best, mostMembers, mostCells = d, members, len(names)
		}
	}
	return best
}

// firstRow returns the first row up to its line end.
func firstRow(head []byte, quote byte) []byte {
	quoted := false
	for i, c := range head {
		switch {
		case c == quote && quote != 0:
			quoted = !quoted
		case !quoted && (c == '\n' || c == '\r'):
			return head[:i]
		}
	}
	return head
}

func splitOutsideQuotes(line []byte, delimiter, quote byte) (cells []string) {
	quoted, begin := false, 0
	for i, c := range line {
		switch {
		case c == quote && quote != 0:
			quoted = !quoted
		case !quoted && c == delimiter:
			cells = append(cells, string(line[begin:i]))
			begin = i + 1
		}
	}
	return append(cells, string(line[begin:]))
}

// sepLine reports whether the first line names the delimiter as Excel writes and reads it: "sep=;". char is 0 if it is
// none of ours. A program that has read such a line as a header row may have put it in quotes, or delimiters behind
// it.
func sepLine(head []byte) (char byte, found bool) {
	line := head[:lineLength(head, true)]
	text := strings.Trim(string(bytes.TrimRight(line, "\r\n")), `"`)
	if len(text) < len("sep=;") || !strings.EqualFold(text[:len("sep=")], "sep=") || strings.Trim(text[len("sep=;"):], `,;|"`+"\t ") != "" {
		return 0, false
	}
	char = text[len("sep=")]
	for _, d := range delimiters {
		if d.char == char {
			return char, true
		}
	}
	return 0, true
}

// delimiterOf returns the delimiter of a name or a character, the first one for others.
func delimiterOf(name string) delimiter {
	for _, d := range delimiters {
		if strings.EqualFold(name, d.name) || name == string(rune(d.char)) {
			return d
		}
	}
	return delimiters[0]
}
