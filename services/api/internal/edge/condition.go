package edge

import (
	"net/http"
	"strings"

	"github.com/longshore-io/longshore/pkg/precondition"
)

// ReadCondition reads If-Match, If-None-Match and If-Unmodified-Since. A time that is malformed is ignored, as RFC 9110
// section 13.1.4 requires.
func ReadCondition(h http.Header) precondition.Condition {
	c := precondition.Condition{Match: readTags(h.Values("If-Match")), NoneMatch: readTags(h.Values("If-None-Match"))}
	if since, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil {
		c.UnmodifiedSince = since
	}
	return c
}

// readTags returns the entity tags of header fields without W/ and quotes; nil without a field. What is no tag
// becomes one that nothing has.
func readTags(fields []string) (tags []string) {
	for _, line := range fields {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.Trim(tag, " \t\r\n") // as net/http does
			opaque, opened := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
			opaque, closed := strings.CutSuffix(opaque, `"`)
			switch {
			case tag == precondition.Any:
				opaque = tag
			case !opened || !closed || opaque == precondition.Any:
				opaque = ""
			}
			tags = append(tags, opaque)
		}
	}
	return tags
}

// withCondition adds the condition of a request to its context. The condition of a request that changes something
// without checking it is checked here: there is nothing yet at the address of a POST, and other things have no tag.
func withCondition(route Route, r *http.Request) (*http.Request, error) {
	condition := ReadCondition(r.Header)
	if condition.Empty() {
		return r, nil
	}
	if isChange(route.Method) && !route.Conditional {
		return r, condition.Check(precondition.State{Absent: route.Method == http.MethodPost})
	}
	return r.WithContext(precondition.With(r.Context(), condition)), nil
}

func isChange(method string) bool { return method != http.MethodGet && method != http.MethodHead }
