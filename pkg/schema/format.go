package schema

import "bytes"

// fastFormats accept the common texts of a format without the cost of the library's full check.
// They accept only texts that the library accepts, which FuzzFastFormats checks.
var fastFormats = map[string]func([]byte) bool{
	"uri":       fastURI,
	"date":      fastDate,
	"date-time": fastDateTime,
}

// fastURI accepts an http or https URI with a plain host name, an optional port, and a path and
// query of unreserved characters and unambiguous delimiters (RFC 3986 section 2).
func fastURI(text []byte) bool {
	rest, ok := bytes.CutPrefix(text, []byte("https://"))
	if !ok {
		if rest, ok = bytes.CutPrefix(text, []byte("http://")); !ok {
			return false
		}
	}
	host := span(rest, inHost)
	rest = rest[host:]
	if host == 0 {
		return false
	}
	if len(rest) > 0 && rest[0] == ':' {
		port := span(rest[1:], isDigit)
		if rest = rest[1+port:]; port == 0 {
			return false
		}
	}
	if len(rest) == 0 {
		return true
	}
	return (rest[0] == '/' || rest[0] == '?') && span(rest, inPath) == len(rest)
}

// span returns the length of the prefix of text whose bytes are all in the set.
func span(text []byte, in func(byte) bool) int {
	for i, c := range text {
		if !in(c) {
			return i
		}
	}
	return len(text)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func inHost(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '.' }

func inPath(c byte) bool {
	if isLetter(c) || isDigit(c) {
		return true
	}
	switch c {
	case '/', '-', '.', '_', '~', '?', '=', '&', '+', ',', '@':
		return true
	default:
		return false
	}
}

// fastDate accepts YYYY-MM-DD up to the 28th, a day of every month.
func fastDate(text []byte) bool {
	if len(text) != len("2006-01-02") || text[4] != '-' || text[7] != '-' {
		return false
	}
	return digits(text[:4]) >= 0 && between(digits(text[5:7]), 1, 12) && between(digits(text[8:]), 1, 28)
}

// fastDateTime accepts RFC 3339 section 5.6 in upper case, without leap seconds.
func fastDateTime(text []byte) bool {
	if len(text) < len("2006-01-02T15:04:05Z") || text[10] != 'T' || !fastDate(text[:10]) {
		return false
	}
	clock, rest := text[11:19], text[19:]
	if clock[5] != ':' || !fastClock(clock[:5]) || !between(digits(clock[6:]), 0, 59) {
		return false
	}
	if rest[0] == '.' {
		fraction := span(rest[1:], isDigit)
		if rest = rest[1+fraction:]; fraction == 0 || len(rest) == 0 {
			return false
		}
	}
	if rest[0] == 'Z' {
		return len(rest) == 1
	}
	return (rest[0] == '+' || rest[0] == '-') && fastClock(rest[1:])
}

// fastClock accepts HH:MM.
func fastClock(text []byte) bool {
	return len(text) == len("15:04") && text[2] == ':' && between(digits(text[:2]), 0, 23) && between(digits(text[3:]), 0, 59)
}

func between(n, low, high int) bool { return low <= n && n <= high }

// digits parses a few digits; it returns -1 if text contains anything else.
func digits(text []byte) int {
	n := 0
	for _, c := range text {
		if !isDigit(c) {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}
