package intake

import "bytes"

// tooDeep finds the bracket that opens one level more than the limit, in a JSON text that may be cut off.
func tooDeep(text []byte, limit int) (offset int, found bool) {
	// Without that many brackets there is nothing to look at, and counting them is fast.
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

// stringEnd returns where the string that begins at i has its last quote, or the end of the text.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
