package format

import (
	"bufio"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fitsDouble reports whether a numeric cell can represent a number exactly. Other numbers are
// written as texts, so that no digit is lost.
func fitsDouble(number string) bool {
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(value, 0) {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	digits := strings.Trim(strings.ReplaceAll(strings.TrimPrefix(mantissa, "-"), ".", ""), "0")
	return len(digits) <= maxDigits && (value != 0 || digits == "")
}

// truncateCell truncates a text that is too long for a cell, and ends it with a note of its length.
func truncateCell(content string) (fitting string, truncated bool) {
	if len(content) <= maxCellUnits { // a text has at most as many UTF-16 units as bytes
		return content, false
	}
	units := 0
	for _, r := range content {
		units += unitsOf(r)
	}
	if units <= maxCellUnits {
		return content, false
	}
	note := fmt.Sprintf("… [cut here, %d characters in all]", utf8.RuneCountInString(content))
	room := maxCellUnits - utf8.RuneCountInString(note)
	for i, r := range content {
		if room -= unitsOf(r); room < 0 {
			return content[:i] + note, true
		}
	}
	return content, false
}

// unitsOf returns the number of UTF-16 code units of a character.
func unitsOf(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// escapeLike matches text that Excel would decode as an escaped character (ECMA-376 part 1,
// 22.9.2.19, ST_Xstring).
var escapeLike = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

// writeEscaped writes a text so that XML and Excel read it unchanged. Characters that XML does not
// allow are escaped as Excel does, _x0001_; text that looks like such an escape gets its underscore
// escaped. The bufio.Writer keeps the error.
func writeEscaped(out *bufio.Writer, content string) {
	if strings.Contains(content, "_x") {
		content = escapeLike.ReplaceAllString(content, "_x005F_$1")
	}
	written := 0
	for i, r := range content {
		replacement := replacementOf(r)
		if replacement == "" {
			continue
		}
		_, _ = out.WriteString(content[written:i])
		_, _ = out.WriteString(replacement)
		written = i + len(string(r))
	}
	_, _ = out.WriteString(content[written:])
}

// replacementOf returns what to write instead of a character; "" for the character itself.
func replacementOf(r rune) string {
	switch {
	case r == '&':
		return "&amp;"
	case r == '<':
		return "&lt;"
	case r == '>':
		return "&gt;"
	case r == '\t' || r == '\n':
		return ""
	case r < ' ' || r == 0xFFFE || r == 0xFFFF:
		return fmt.Sprintf("_x%04X_", r)
	default:
		return ""
	}
}
