package reports

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// maxRanges limits the ranges of one response: each may be in another block of the file, which
// costs a query and decompression. A request for more ranges gets the whole file, as RFC 9110
// section 14.2 allows.
const maxRanges = 16

// normalizeRange rewrites a request's Range header so that net/http serves it as RFC 9110 section
// 14 requires. It deletes the header if the method is not GET, the unit is unknown, a range is
// malformed, or there are too many. A suffix of zero bytes becomes a range after the end, because
// it can't be satisfied either.
func normalizeRange(r *http.Request, size int64) {
	line := r.Header.Get("Range")
	r.Header.Del("Range")
	unit, set, _ := strings.Cut(line, "=")
	if r.Method != http.MethodGet || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return
	}
	specs, ok := parseRanges(set, size)
	if ok && len(specs) <= maxRanges {
		r.Header.Set("Range", "bytes="+strings.Join(specs, ","))
	}
}

// rangeSpec matches one range: first-last, first- (to the end) or -length (the last bytes).
var rangeSpec = regexp.MustCompile(`^(\d*)-(\d*)$`)

// parseRanges parses a set of ranges. A range that can't be satisfied becomes a range after the
// end; ok is false if one is malformed.
func parseRanges(set string, size int64) (specs []string, ok bool) {
	for text := range strings.SplitSeq(set, ",") {
		text = strings.Trim(text, " \t")
		if text == "" {
			continue // RFC 9110 section 5.6.1.2: empty elements of a list are ignored
		}
		match := rangeSpec.FindStringSubmatch(text)
		if match == nil || text == "-" {
			return nil, false
		}
		first, last := parsePosition(match[1]), parsePosition(match[2])
		suffix, open := match[1] == "", match[2] == ""
		switch {
		case !suffix && !open && last < first:
			return nil, false
		case suffix && last == 0, !suffix && first >= size:
			text = fmt.Sprintf("%d-", size)
		case suffix:
			text = fmt.Sprintf("-%d", last)
		case !open:
			text = fmt.Sprintf("%d-%d", first, last)
		}
		specs = append(specs, text)
	}
	return specs, len(specs) > 0
}

// parsePosition parses digits; none are 0, and a number that overflows an int64 is the greatest
// int64.
func parsePosition(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}
