package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

// requestID is what is taken from a client as the id of its request.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// front is what stands before the handlers: it names every request, makes problems of errors, and tells of each request once, at its end.
type front struct {
	log      *slog.Logger
	requests *metrics.Requests
	// console is where operators see an operation; empty if nowhere.
	console string
}

// identify gives every request an id, the client's own if it is harmless, and says it in the answer. Whatever is logged in the course of the
// request carries it.
func (f front) identify(c *gin.Context) {
	id := c.GetHeader(edge.RequestIDHeader)
	if !requestID.MatchString(id) {
		id = uuid.NewString()
	}
	c.Request.Header.Set(edge.RequestIDHeader, id)
	c.Header(edge.RequestIDHeader, id)
	c.Request = c.Request.WithContext(logging.With(c.Request.Context(), slog.String(logging.RequestID, id)))
	c.Next()
}

// answer runs the handler of a route. An error or a panic becomes a problem. Whatever is answered, the client must take it in time.
func (f front) answer(route string, handle edge.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		served := f.begin(c, route)
		out := newTimedAnswer(c.Writer)
		c.Writer = out
		defer out.extend()
		err := guarded(c, handle)
		served.end(c, out, err)
		if err == nil {
			return
		}
		if out.Written() {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		problem.Write(out, c.Request, c.GetHeader(edge.RequestIDHeader), err)
	}
}

func guarded(c *gin.Context, handle edge.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return handle(c)
}
