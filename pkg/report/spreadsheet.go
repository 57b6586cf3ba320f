package report

import (
	"strings"
	"unicode/utf8"
)

// formulaPrefixes are the characters with which a formula begins in a spreadsheet, and the control
// characters that a spreadsheet skips before it (OWASP, CSV Injection). Spreadsheets in East Asian
// languages take the full-width forms too.
const formulaPrefixes = "=+-@\t\r\n＝＋－＠"

// EscapeFormula prefixes a text with an apostrophe if spreadsheet programs would evaluate it. It is
// for texts only: a negative number needs no escape. A text that already begins with apostrophes
// before such a character gets one more, so that UnescapeFormula restores every text.
func EscapeFormula(text string) string {
	if isFormula(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// UnescapeFormula is the inverse of EscapeFormula. A text that EscapeFormula does not return is
// unchanged, except that one apostrophe before a formula is removed.
func UnescapeFormula(text string) string {
	if rest, found := strings.CutPrefix(text, "'"); found && isFormula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return text
}

func isFormula(text string) bool {
	first, size := utf8.DecodeRuneInString(text)
	return size > 0 && (first != utf8.RuneError || size > 1) && strings.ContainsRune(formulaPrefixes, first)
}
