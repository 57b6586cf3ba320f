package schema

import "bytes"

// quickFormats accept the usual texts of a format without the cost of the library's full check. Each may only accept
// what the library accepts; a fuzz test holds them to that.
var quickFormats = map[string]func([]byte) bool{
	"uri":       quickURI,
	"date":      quickDate,
	"date-time": quickDateTime,
}

// quickURI accepts http and https addresses of a plain host name, an optional port, and a path and query of unreserved
// characters and the delimiters that cannot be misread (RFC 3986 section 2).
func quickURI(text []byte) bool {
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

// span is the number of bytes that text begins with and that are all in the set.
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

// quickDate accepts YYYY-MM-DD up to the 28th, which every month has.
func quickDate(text []byte) bool {
	if len(text) != len("2006-01-02") || text[4] != '-' || text[7] != '-' {
		return false
	}
	return number(text[:4]) >= 0 && in(number(text[5:7]), 1, 12) && in(number(text[8:]), 1, 28)
}

// quickDateTime accepts RFC 3339 section 5.6 in upper case, without leap seconds.
func quickDateTime(text []byte) bool {
	if len(text) < len("2006-01-02T15:04:05Z") || text[10] != 'T' || !quickDate(text[:10]) {
		return false
	}
	clock, rest := text[11:19], text[19:]
	if clock[5] != ':' || !quickClock(clock[:5]) || !in(number(clock[6:]), 0, 59) {
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
	return (rest[0] == '+' || rest[0] == '-') && quickClock(rest[1:])
}

// quickClock accepts HH:MM.
func quickClock(text []byte) bool {
	return len(text) == len("15:04") && text[2] == ':' && in(number(text[:2]), 0, 23) && in(number(text[3:]), 0, 59)
}

func in(n, least, most int) bool { return least <= n && n <= most }

// number reads a few digits; -1 if there is anything else.
func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		if !isDigit(c) {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}
