package edge

import (
	"context"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// RequestIDHeader carries the id of a request. The server sets it on every request and response; a
// valid id from the client is kept.
const RequestIDHeader = "X-Request-Id"

// RequestInfo collects what is logged and measured about a request. It belongs to the goroutine
// that serves the request.
type RequestInfo struct {
	// Accepted is the operation that the request started; nil if it started none.
	Accepted *operation.Operation
	// Operation is the public id of the operation that the request is about; uuid.Nil if that is none.
	Operation uuid.UUID
	// Object is the id of what the request made or changed, for the audit log; empty for the accepted
	// operation, or for what the path names.
	Object string
	// WaitStarted is when the response was ready, but the request continued to wait for the end of
	// the accepted operation; zero if it does not wait.
	WaitStarted time.Time
	// console is the base address of the console; linked is the operation whose page there is
	// already linked.
	console string
	linked  uuid.UUID
}

type requestInfoKey struct{}

// WithRequestInfo adds a RequestInfo to the context of the request. console is the base address of
// the console, without a trailing slash; empty if there is none.
func WithRequestInfo(c *gin.Context, console string) *RequestInfo {
	info := &RequestInfo{console: console}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestInfoKey{}, info))
	return info
}

// RequestInfoOf returns the RequestInfo of the request that a context belongs to. Without one, a
// throwaway value is returned.
func RequestInfoOf(ctx context.Context) *RequestInfo {
	if info, ok := ctx.Value(requestInfoKey{}).(*RequestInfo); ok {
		return info
	}
	return &RequestInfo{}
}

// StartWait sets WaitStarted, unless it is already set.
func (i *RequestInfo) StartWait() {
	if i.WaitStarted.IsZero() {
		i.WaitStarted = time.Now()
	}
}

// LogOperation adds the id of an operation, or of an upload that may become one, to all further log
// lines of the request, and to its span.
func LogOperation(c *gin.Context, id uuid.UUID) {
	tracing.SetOperation(c.Request.Context(), id)
	c.Request = c.Request.WithContext(logging.With(c.Request.Context(), slog.String(logging.Operation, id.String())))
}

// SetOperation declares that the request is about an operation. It calls LogOperation, and adds one
// link to the operation's page in the console to the response (RFC 8288).
func SetOperation(c *gin.Context, op *operation.Operation) {
	LogOperation(c, op.ID)
	info := RequestInfoOf(c.Request.Context())
	info.Operation = op.ShownID()
	if info.console == "" || info.linked == op.ID {
		return
	}
	info.linked = op.ID
	c.Writer.Header().Add("Link", "<"+info.console+"/operations/"+op.ID.String()+`>; rel="related"; title="console"`)
}
