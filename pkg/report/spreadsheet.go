package report

import "strings"

// formulaPrefixes are the characters with which a formula begins in a spreadsheet (OWASP, CSV
// Injection).
const formulaPrefixes = "=+-@\t\r"

// EscapeFormula prefixes a text with an apostrophe if spreadsheet programs would evaluate it. It is
// for texts only: a negative number needs no escape.
func EscapeFormula(text string) string {
	if text != "" && strings.IndexByte(formulaPrefixes, text[0]) >= 0 {
		return "'" + text
	}
	return text
}
