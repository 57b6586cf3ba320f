package server

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/services/api/internal/minrate"
)

const (
	// writeGrace is how long a client may take to receive data before the minimum rate applies.
	writeGrace = 30 * time.Second
	// minWriteRate is the minimum transfer rate of a response, in bytes per second.
	minWriteRate = 10 << 10
	// maxWriteBytes bounds a single write under one deadline. At the minimum rate it takes much
	// less time than the grace period.
	maxWriteBytes = 64 << 10
)

// errClientNotReading is returned by writes that fail because the client disconnected or reads
// too slowly.
var errClientNotReading = errors.New("the client does not read the response")

// timedWriter enforces a minimum transfer rate on a response by moving the write deadline of the
// connection. Only time spent in writes counts, not the time before the response or between writes.
type timedWriter struct {
	gin.ResponseWriter
	connection *http.ResponseController
	// raw is the connection without gin's wrapper, whose Flush does not return errors.
	raw    *http.ResponseController
	budget *minrate.Budget
	// started is the time of the first write; zero before.
	started time.Time
	// unread reports whether a part of the request's body was not read; nil if there is none.
	unread func() bool
}

// newTimedWriter also sets the first deadline, which applies to the "100 Continue" that net/http
// writes by itself.
func newTimedWriter(rw gin.ResponseWriter) *timedWriter {
	limit := minrate.Limit{Grace: writeGrace, MinRate: minWriteRate}
	w := &timedWriter{ResponseWriter: rw, connection: http.NewResponseController(rw), budget: minrate.NewBudget(limit)}
	w.raw = w.connection
	if wrapper, ok := rw.(interface{ Unwrap() http.ResponseWriter }); ok {
		w.raw = http.NewResponseController(wrapper.Unwrap())
	}
	w.extendDeadline()
	return w
}

// discardTimeout bounds how long net/http reads what is left of a request's body before it answers.
const discardTimeout = time.Second

// boundDiscard bounds the time for which net/http reads the rest of a body that the handler has not read:
// it does so before it sends the first bytes of the response, and the client may never send the rest. It runs before the
// first write, and after the handler.
func (w *timedWriter) boundDiscard() {
	if w.unread != nil && w.unread() {
		_ = w.connection.SetReadDeadline(time.Now().Add(discardTimeout))
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write writes p to the client. It returns errClientNotReading if the client disconnects or is
// slower than the minimum rate.
func (w *timedWriter) Write(p []byte) (int, error) {
	written := 0
	w.markStart()
	for block := range slices.Chunk(p, maxWriteBytes) {
		n, err := w.writeBlock(block)
		written += n
		if err != nil {
			return written, fmt.Errorf("%w: %w", errClientNotReading, err)
		}
	}
	return written, nil
}

// WriteString is Write for a string.
func (w *timedWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) } //nolint:gocritic // it suggests WriteString itself

func (w *timedWriter) writeBlock(p []byte) (int, error) {
	started := w.extendDeadline()
	n, err := w.ResponseWriter.Write(p)
	w.budget.Record(started, n)
	return n, err
}

// Flush is FlushError without the error.
func (w *timedWriter) Flush() { _ = w.FlushError() }

// FlushError sends buffered data to the client, with the deadline and the errors of Write.
// http.ResponseController calls it.
func (w *timedWriter) FlushError() error {
	w.markStart()
	w.WriteHeaderNow()
	started := w.extendDeadline()
	err := w.raw.Flush()
	w.budget.Record(started, 0)
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("%w: %w", errClientNotReading, err)
	}
	return err
}

func (w *timedWriter) markStart() {
	if w.started.IsZero() {
		w.started = time.Now()
		w.boundDiscard()
	}
}

// extendDeadline sets the write deadline to the remaining budget from now, and returns now. The
// call after the handler covers what net/http still has to flush. An error is ignored: a
// connection that accepts no deadline is closed, and the next write fails.
func (w *timedWriter) extendDeadline() time.Time {
	now := time.Now()
	_ = w.connection.SetWriteDeadline(w.budget.Deadline(now))
	return now
}
