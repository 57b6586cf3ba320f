package reports

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// maxRanges is how many ranges of a file one answer brings. Who asks for more gets the whole file instead, as RFC 9110 section 14.2 allows:
// each range may lie in another piece of the file, which costs a query and an unpacking.
const maxRanges = 16

// tidyRange leaves of a request's Range only what net/http serves as RFC 9110 section 14 wants. A unit that is not known, a range that can't
// be read and too many of them are ignored, and so is every range of a HEAD; a suffix of no bytes can't be satisfied, like a range behind
// the end.
func tidyRange(r *http.Request, size int64) {
	line := r.Header.Get("Range")
	r.Header.Del("Range")
	unit, set, _ := strings.Cut(line, "=")
	if r.Method != http.MethodGet || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return
	}
	specs, ok := readRanges(set, size)
	if ok && len(specs) <= maxRanges {
		r.Header.Set("Range", "bytes="+strings.Join(specs, ","))
	}
}

// rangeSpec is one range: from a position, to a position, or as many of the last bytes.
var rangeSpec = regexp.MustCompile(`^(\d*)-(\d*)$`)

// readRanges reads a set of ranges. What can't be satisfied becomes a range behind the end; ok is false if something is no range.
func readRanges(set string, size int64) (specs []string, ok bool) {
	for text := range strings.SplitSeq(set, ",") {
		text = strings.Trim(text, " \t")
		if text == "" {
			continue // RFC 9110 section 5.6.1.2: empty elements of a list count for nothing
		}
		match := rangeSpec.FindStringSubmatch(text)
		if match == nil || text == "-" {
			return nil, false
		}
		first, last := position(match[1]), position(match[2])
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

// position reads digits, if there are any. What is greater than any file has bytes is taken as the greatest number.
func position(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64) // beyond an int64 it returns the greatest
	return n
}
