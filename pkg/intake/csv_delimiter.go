package intake

import "bytes"

// delimiter separates the columns of a CSV body.
type delimiter struct {
	char byte
	name string
}

// delimiters are all supported delimiters, the most common first.
var delimiters = []delimiter{{',', "comma"}, {';', "semicolon"}, {'\t', "tab"}, {'|', "bar"}}

// detectDelimiter returns the delimiter that occurs most often in the first row outside of quotes.
// A header row without a delimiter has one column; the result is the comma then.
func detectDelimiter(head []byte) delimiter {
	head = bytes.TrimLeft(head, "\r\n")
	var counts [256]int
	quoted := false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' {
			break
		}
		counts[c]++
	}
	best := delimiters[0]
	for _, d := range delimiters {
		if counts[d.char] > counts[best.char] {
			best = d
		}
	}
	return best
}

func delimiterOf(char byte) delimiter {
	for _, d := range delimiters {
		if d.char == char {
			return d
		}
	}
	return delimiters[0]
}
