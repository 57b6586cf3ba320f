package server

import (
	"log/slog"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

// validRequestID matches the request ids that are accepted from clients.
var validRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// vary names the headers on which responses depend: their format, their coding, and what the client may see. Package
// web adds Origin if pages of other origins are allowed.
const vary = "Accept, Accept-Encoding, Authorization"

// middleware wraps every handler: it assigns request ids, converts errors and panics to problems,
// and logs and counts each request exactly once.
type middleware struct {
	log      *slog.Logger
	requests *metrics.Requests
	gate     *admission.Gate
	// console is the base address of the console; empty if there is none.
	console   string
	addresses edge.Addresses
	// tracer is nil if tracing is off.
	tracer *tracing.Tracer
	guard  *web.Guard
}

// identify replaces the request by the one that the client sent, if a trusted proxy passed it on, and
// sets the id of the request in its headers, its response and its log context. A valid id that the client
// sent is kept; otherwise a new one is generated. It also sets the security headers, and forbids caches to store the
// response, unless the handler replaces the header: responses contain addresses that may come from the
// Host header of the request, and data that may be deleted. What may be stored nevertheless, such as the file of a
// report, depends on the headers that Vary names.
func (m middleware) identify(c *gin.Context) {
	c.Request = m.addresses.Locate(m.guard.Resolve(c.Request))
	web.SetSecurityHeaders(c.Writer, c.Request)
	c.Header("Cache-Control", "no-store")
	c.Header("Vary", vary)
	id := c.GetHeader(edge.RequestIDHeader)
	if !validRequestID.MatchString(id) {
		id = uuid.NewString()
	}
	c.Request.Header.Set(edge.RequestIDHeader, id)
	c.Header(edge.RequestIDHeader, id)
	c.Request = c.Request.WithContext(logging.With(c.Request.Context(), slog.String(logging.RequestID, id)))
	c.Next()
}

// serve calls the handler of a request that the guard admits.
func (m middleware) serve(c *gin.Context, handle edge.Handler) error {
	if answered, err := m.guard.Check(c.Writer, c.Request); answered || err != nil {
		return err
	}
	if err := checkSpelling(c.Request.URL); err != nil {
		return err
	}
	return handle(c)
}

// wrap returns the gin handler of a route. It writes an error or a panic of the handler as a
// problem. An error of the database that no package has converted is converted here, so that none
// counts as a defect of the api because it was forgotten. If the response has already started, it aborts the connection instead, so that the
// client does not mistake a partial response for a complete one.
func (m middleware) wrap(route string, handle edge.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, taken := m.gate.Begin(c.Request.Context(), edge.ClientOf(c.Request))
		defer taken.End()
		if taken.Crowded() {
			c.Header("Connection", "close")
		}
		c.Request = c.Request.WithContext(ctx)
		entry := m.startLog(c, route)
		w := newTimedWriter(c.Writer)
		c.Writer = w
		if c.Request.ContentLength != 0 {
			w.unread = entry.body.unread
		}
		defer w.extendDeadline()
		err := store.ClientError(fault.CatchPanic(func() error { return m.serve(c, handle) }))
		entry.finish(c, w, err)
		w.boundDiscard()
		if err == nil {
			return
		}
		if w.Written() {
			panic(http.ErrAbortHandler)
		}
		if id := fault.Of(err).Operation; id != "" {
			c.Header("Operation-Location", m.addresses.Absolute(c.Request, dialect.OperationPathOf(id)))
		}
		problem.Write(w, c.Request, c.GetHeader(edge.RequestIDHeader), err)
	}
}
