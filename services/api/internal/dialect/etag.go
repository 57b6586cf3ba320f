package dialect

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/precondition"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// ETag returns the ETag of an operation's revision, the same in all dialects. It is weak, because the same revision can
// be shown with another estimate.
func ETag(op *operation.Operation) string { return `W/"` + tagOf(op) + `"` }

func tagOf(op *operation.Operation) string { return strconv.Itoa(op.Revision) }

// Matches reports whether a client already has the operation's current revision, by its If-None-Match, which is
// compared weakly (RFC 9110 section 13.1.2).
func Matches(h http.Header, op *operation.Operation) bool {
	tags := edge.ReadCondition(h).NoneMatch
	return slices.Contains(tags, tagOf(op)) || slices.Contains(tags, precondition.Any)
}

// Answer prepares the answer to a request about an operation's status: it sets the ETag, and returns a fault of
// kind Changed if a GET is for another state than the current one (If-Match). It reports whether it has answered
// with 304, because the client has the current revision.
func Answer(c *gin.Context, op *operation.Operation) (answered bool, err error) {
	c.Header("ETag", ETag(op))
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		return false, nil
	}
	condition := edge.ReadCondition(c.Request.Header)
	condition.NoneMatch = nil
	if err := condition.Check(precondition.State{Tag: tagOf(op), Modified: op.UpdatedAt}); err != nil {
		return false, err
	}
	if !Matches(c.Request.Header, op) {
		return false, nil
	}
	c.Status(http.StatusNotModified)
	c.Writer.WriteHeaderNow()
	return true, nil
}
