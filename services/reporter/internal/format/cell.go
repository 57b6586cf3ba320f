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

// fitsCell reports whether a number survives in a cell: others are written as texts, so that no digit is lost.
func fitsCell(number string) bool {
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(value, 0) {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	digits := strings.Trim(strings.ReplaceAll(strings.TrimPrefix(mantissa, "-"), ".", ""), "0")
	return len(digits) <= maxDigits && (value != 0 || digits == "")
}

// fitCell cuts a text that is longer than a cell may be, and then says so at its end.
func fitCell(content string) (fitting string, cut bool) {
	if len(content) <= maxCellUnits { // bytes are never fewer than UTF-16 units
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

func unitsOf(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// escaped is what Excel would read as an escaped character (ECMA-376 part 1, 22.9.2.19, ST_Xstring).
var escaped = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

// writeEscaped writes a text so that XML and Excel give it back as it is. What XML can't hold is escaped as Excel does, _x0001_, and what
// looks like that gets its underscore escaped. The error stays in the bufio.Writer.
func writeEscaped(out *bufio.Writer, content string) {
	if strings.Contains(content, "_x") {
		content = escaped.ReplaceAllString(content, "_x005F_$1")
	}
	done := 0
	for i, r := range content {
		replacement := replacementOf(r)
		if replacement == "" {
			continue
		}
		_, _ = out.WriteString(content[done:i])
		_, _ = out.WriteString(replacement)
		done = i + len(string(r))
	}
	_, _ = out.WriteString(content[done:])
}

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
