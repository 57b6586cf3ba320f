package azure

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// etagOf is weak: the same revision may be shown with another estimate.
func etagOf(op *operation.Operation) string { return fmt.Sprintf(`W/"%d"`, op.Revision) }

// known are the states of an operation that a client has seen already, as it says in If-None-Match; none if it does not say.
type known []string

// readKnown compares weakly, as RFC 9110 section 13.1.2 wants, and takes * for the state that the operation is in.
func readKnown(h http.Header, op *operation.Operation) known {
	var tags known
	for _, line := range h.Values("If-None-Match") {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" {
				tag = etagOf(op)
			}
			tags = append(tags, "W/"+strings.TrimPrefix(tag, "W/"))
		}
	}
	return tags
}

// holds reports whether the client has seen the operation as it is.
func (k known) holds(op *operation.Operation) bool { return slices.Contains(k, etagOf(op)) }

// enough is when a waiting client wants its answer: at the next change if it says what it knows, at the end otherwise.
func (k known) enough(op *operation.Operation) bool {
	return monitor.Finished(op) || len(k) > 0 && !k.holds(op)
}
