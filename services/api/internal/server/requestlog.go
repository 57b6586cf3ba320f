package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

// served is a request from its headers to its end.
type served struct {
	front
	route string
	began time.Time
	body  *heard
	story *edge.RequestInfo
	done  func(metrics.Answered)
}

func (f front) begin(c *gin.Context, route string) *served {
	s := &served{front: f, route: route, began: time.Now(), story: edge.WithRequestInfo(c, f.console), done: f.requests.Begin()}
	s.body = &heard{ReadCloser: c.Request.Body, last: s.began}
	if c.Request.Body != nil {
		c.Request.Body = s.body
	}
	return s
}

// end tells of the request: how it was answered, and what it began.
func (s *served) end(c *gin.Context, out *timedAnswer, err error) {
	took := time.Since(s.began)
	if op := s.story.Accepted; op != nil {
		s.requests.Accepted(op, s.answerable(out).Sub(s.body.last))
	}
	status := statusOf(c.Request.Context(), out, err)
	s.done(metrics.Answered{
		Method: c.Request.Method, Route: s.route, Status: status, Took: took, ID: c.GetHeader(edge.RequestIDHeader),
	})
	line := []slog.Attr{slog.String("method", c.Request.Method), slog.String("route", s.route)}
	if err != nil {
		line = append(line, slog.String("path", c.Request.URL.Path))
	}
	line = append(line, slog.Int("status", status), slog.Duration("duration", took))
	if err != nil {
		s.tellFailure(c.Request.Context(), line, status, err)
		return
	}
	s.log.LogAttrs(c.Request.Context(), levelOf(c.Request.Method), "request served", line...)
}

// answerable is when the client could know that its operation was accepted: when the answer begins, or began to wait for more than that.
func (s *served) answerable(out *timedAnswer) time.Time {
	switch {
	case !s.story.WaitStarted.IsZero():
		return s.story.WaitStarted
	case !out.begun.IsZero():
		return out.begun
	default:
		return time.Now()
	}
}

// changing are the methods whose requests are told of in any log; those of all others only where everything is.
var changing = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func levelOf(method string) slog.Level {
	if slices.Contains(changing, method) {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// statusOf is the status of an answer, also of one that is not written yet, or that broke off.
func statusOf(ctx context.Context, out *timedAnswer, err error) int {
	switch {
	case err == nil:
		return out.Status()
	case clientLeft(ctx, err) || errors.Is(err, errNotTaken):
		return metrics.ClientLeft
	default:
		return problem.Status(err)
	}
}

func clientLeft(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// tellFailure writes what went wrong: our own faults as errors, refused requests as information and by their code alone, because the message is
// for the client and may quote what it sent. Of a client that left before its answer there is nothing to tell but that.
func (s *served) tellFailure(ctx context.Context, line []slog.Attr, status int, err error) {
	if clientLeft(ctx, err) {
		s.log.LogAttrs(ctx, slog.LevelInfo, "the client left before its answer", line...)
		return
	}
	level, why := slog.LevelInfo, slog.Any("error", err)
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	} else if refused, ok := errors.AsType[*fault.Fault](err); ok {
		why = slog.String("code", refused.Code)
	}
	s.log.LogAttrs(ctx, level, "request not served", append(line, why)...)
}

// heard is a body that notes when the client was last heard: what follows that is our own time.
type heard struct {
	io.ReadCloser

	last time.Time
}

// Read waits for the client.
func (h *heard) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.last = time.Now()
	return n, err
}
