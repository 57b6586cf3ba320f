package edge

import "strings"

// Capitalize returns a text with a capital at its start, as the message of a fault begins.
func Capitalize(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
