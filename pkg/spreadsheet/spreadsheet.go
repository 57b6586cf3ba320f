// Package spreadsheet keeps what others have written from being carried out by the programs that open CSV.
package spreadsheet

import "strings"

// formulas are the beginnings that make a spreadsheet take a text for a formula (OWASP, CSV Injection).
const formulas = "=+-@\t\r"

// Harmless puts an apostrophe before a text that a spreadsheet would carry out. It is for texts: a negative number is none the worse for its
// minus.
func Harmless(text string) string {
	if text != "" && strings.IndexByte(formulas, text[0]) >= 0 {
		return "'" + text
	}
	return text
}
