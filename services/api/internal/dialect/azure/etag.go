package azure

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// etagOf returns the ETag of an operation's revision. It is weak, because the same revision can be
// shown with another estimate.
func etagOf(op *operation.Operation) string { return fmt.Sprintf(`W/"%d"`, op.Revision) }

// etags are the revisions that a client already has, as listed in If-None-Match.
type etags []string

// readETags parses If-None-Match for weak comparison (RFC 9110 section 13.1.2). It replaces * by
// the ETag of the current revision.
func readETags(h http.Header, op *operation.Operation) etags {
	var tags etags
	for _, line := range h.Values("If-None-Match") {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.Trim(tag, " \t\r\n") // as net/http does
			if tag == "*" {
				tag = etagOf(op)
			}
			tags = append(tags, "W/"+strings.TrimPrefix(tag, "W/"))
		}
	}
	return tags
}

// match reports whether the client already has the operation's current revision.
func (e etags) match(op *operation.Operation) bool { return slices.Contains(e, etagOf(op)) }

// settled reports whether a waiting client gets its response: at the next change if it sent an
// ETag, otherwise at the end.
func (e etags) settled(op *operation.Operation) bool {
	return monitor.Finished(op) || len(e) > 0 && !e.match(op)
}
