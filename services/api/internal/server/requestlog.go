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

// requestLog collects what is logged and measured about one request.
type requestLog struct {
	middleware
	route   string
	started time.Time
	body    *timedBody
	info    *edge.RequestInfo
	count   func(metrics.Request)
}

func (m middleware) startLog(c *gin.Context, route string) *requestLog {
	l := &requestLog{
		middleware: m, route: route, started: time.Now(), info: edge.WithRequestInfo(c, m.console), count: m.requests.Begin(),
	}
	l.body = &timedBody{ReadCloser: c.Request.Body, lastRead: l.started}
	if c.Request.Body != nil {
		c.Request.Body = l.body
	}
	return l
}

// finish logs and counts the request after its handler returned.
func (l *requestLog) finish(c *gin.Context, w *timedWriter, err error) {
	duration := time.Since(l.started)
	if op := l.info.Accepted; op != nil {
		l.requests.Accepted(op, l.acceptedAt(w).Sub(l.body.lastRead))
	}
	status := statusOf(c.Request.Context(), w, err)
	l.count(metrics.Request{
		Method: c.Request.Method, Route: l.route, Status: status, Refused: refused(err), Duration: duration,
		ID: c.GetHeader(edge.RequestIDHeader),
	})
	attrs := []slog.Attr{slog.String("method", c.Request.Method), slog.String("route", l.route)}
	if err != nil {
		attrs = append(attrs, slog.String("path", c.Request.URL.Path))
	}
	attrs = append(attrs, slog.Int("status", status), slog.Duration("duration", duration))
	if err != nil {
		l.logFailure(c.Request.Context(), attrs, status, err)
		return
	}
	l.log.LogAttrs(c.Request.Context(), levelOf(c.Request.Method), "request served", attrs...)
}

// acceptedAt is when the operation of the request was accepted: the start of the response, or of
// the wait before it.
func (l *requestLog) acceptedAt(w *timedWriter) time.Time {
	switch {
	case !l.info.WaitStarted.IsZero():
		return l.info.WaitStarted
	case !w.started.IsZero():
		return w.started
	default:
		return time.Now()
	}
}

// mutatingMethods are logged at INFO, all others at DEBUG.
var mutatingMethods = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func levelOf(method string) slog.Level {
	if slices.Contains(mutatingMethods, method) {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// statusOf returns the status of a response, including one that is not yet written. It returns
// metrics.ClientLeft if the client disconnected.
func statusOf(ctx context.Context, w *timedWriter, err error) int {
	switch {
	case err == nil:
		return w.Status()
	case clientLeft(ctx, err) || errors.Is(err, errClientNotReading):
		return metrics.ClientLeft
	default:
		return problem.Status(err)
	}
}

func clientLeft(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// logFailure logs server errors at ERROR, refusals for lack of room at WARN, and client errors at INFO.
// Client errors are logged by their code only, because the message may quote the client's data. If the
// client disconnected, the error is not logged, because it is only a consequence.
func (l *requestLog) logFailure(ctx context.Context, attrs []slog.Attr, status int, err error) {
	if clientLeft(ctx, err) {
		l.log.LogAttrs(ctx, slog.LevelInfo, "the client left before its answer", attrs...)
		return
	}
	level, reason := slog.LevelInfo, slog.Any("error", err)
	if refused(err) {
		level = slog.LevelWarn
	} else if status >= http.StatusInternalServerError {
		level = slog.LevelError
	} else if f, ok := errors.AsType[*fault.Fault](err); ok {
		reason = slog.String("code", f.Code)
	}
	l.log.LogAttrs(ctx, level, "request not served", append(attrs, reason)...)
}

// refused reports whether the service works as it should and has no room for the request.
func refused(err error) bool {
	return fault.Is(err, fault.Busy) || fault.Is(err, fault.StorageFull) || fault.Is(err, fault.TooMany)
}

// timedBody is a request body that records the time of its last read. Everything after that is the
// service's own time.
type timedBody struct {
	io.ReadCloser

	lastRead time.Time
	ended    bool
}

// unread reports whether the end of the body was not read.
func (b *timedBody) unread() bool { return !b.ended }

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.lastRead, b.ended = time.Now(), b.ended || errors.Is(err, io.EOF)
	return n, err
}
