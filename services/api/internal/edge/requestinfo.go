package edge

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/operation"
)

// RequestIDHeader holds the id of a request. The server sets it in each request, to the client's own if that is harmless, and in its answer.
const RequestIDHeader = "X-Request-Id"

// RequestInfo is what becomes known of a request while it is answered, and is told at its end: in the log, in the metrics. It belongs to the
// goroutine that answers.
type RequestInfo struct {
	// Accepted is the operation that the request began; nil if it began none.
	Accepted *operation.Operation
	// WaitStarted is when the answer could have been given, but waits for the end of what was accepted; zero if it does not wait.
	WaitStarted time.Time
	// console is the address of the operators' pages, and about the operation that the answer leads there to.
	console string
	linked  uuid.UUID
}

type requestInfoKey struct{}

// WithRequestInfo begins the story of a request. console is where operators see an operation, without a slash at its end; empty if nowhere.
func WithRequestInfo(c *gin.Context, console string) *RequestInfo {
	story := &RequestInfo{console: console}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestInfoKey{}, story))
	return story
}

// RequestInfoOf is the story of the request that a context belongs to. Without one it is a story that nobody tells.
func RequestInfoOf(ctx context.Context) *RequestInfo {
	if story, ok := ctx.Value(requestInfoKey{}).(*RequestInfo); ok {
		return story
	}
	return &RequestInfo{}
}

// StartWait notes that the answer waits from now on for more than that the operation was accepted.
func (s *RequestInfo) StartWait() {
	if s.WaitStarted.IsZero() {
		s.WaitStarted = time.Now()
	}
}

// LogOperation puts the id of an operation, or of an upload that may become one, into the request's context: all that is logged from now on
// carries it.
func LogOperation(c *gin.Context, id uuid.UUID) {
	c.Request = c.Request.WithContext(logging.With(c.Request.Context(), slog.String(logging.Operation, id.String())))
}

// SetOperation says that the request is about an operation: the log carries its id, and the answer leads operators to its page (RFC 8288).
func SetOperation(c *gin.Context, op *operation.Operation) {
	LogOperation(c, op.ID)
	story := RequestInfoOf(c.Request.Context())
	if story.console == "" || story.linked == op.ID {
		return
	}
	story.linked = op.ID
	c.Writer.Header().Add("Link", "<"+story.console+"/operations/"+op.ID.String()+`>; rel="related"; title="console"`)
}

// NoContent answers that it is done and that there is nothing to show.
func NoContent(c *gin.Context) {
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}
