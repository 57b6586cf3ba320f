package intake

import "bytes"

// tooDeep returns the offset of the first bracket that exceeds the limit of nesting, in a JSON text
// that may be incomplete.
func tooDeep(text []byte, limit int) (offset int, found bool) {
	// Counting the brackets is fast and sufficient for most records.
	if bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= limit {
		return 0, false
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
			if depth > limit {
				return i, true
			}
		case '}', ']':
			depth--
		case '"':
			i = stringEnd(text, i)
		}
	}
	return 0, false
}

// stringEnd returns the index of the closing quote of the string that begins at i, or the length of
// the text.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
