package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

const requestIDHeader = "X-Request-Id"

// requestID is what is taken from a client as the id of its request.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// identify gives every request an id, the client's own if it is harmless, and says it in the answer.
func identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !requestID.MatchString(id) {
		id = uuid.NewString()
	}
	c.Header(requestIDHeader, id)
	c.Next()
}

// answer runs a handler. An error or a panic becomes a problem and one line in the log. Whatever is answered, the client must take it
// in time.
func answer(log *slog.Logger, handle edge.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		out := newTimedAnswer(c.Writer)
		c.Writer = out
		defer out.extend()
		err := guarded(c, handle)
		if err == nil {
			return
		}
		id := c.Writer.Header().Get(requestIDHeader)
		logFailure(c.Request.Context(), log.With(slog.String("request_id", id)), c.Request, err)
		if c.Writer.Written() {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		problem.Write(c.Writer, c.Request, id, err)
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

// logFailure writes what went wrong: our own faults as errors, refused requests as information. Of a client that left before its answer
// there is nothing to tell but that.
func logFailure(ctx context.Context, log *slog.Logger, r *http.Request, err error) {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		log.InfoContext(ctx, "the client left before its answer", slog.String("method", r.Method), slog.String("path", r.URL.Path))
		return
	}
	level := slog.LevelInfo
	status := problem.Status(err)
	clientGone := errors.Is(err, context.Canceled) || errors.Is(err, errNotTaken)
	if status >= http.StatusInternalServerError && !clientGone {
		level = slog.LevelError
	}
	log.Log(ctx, level, "request not served", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", status), slog.Any("error", err))
}
