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
	// takingGrace is how long a client may keep an answer waiting before the bytes that it took must have earned more, and the
	// longest silence ever.
	takingGrace = 30 * time.Second
	// takingRate is how many bytes buy one second of waiting.
	takingRate = 10 << 10
	// takingPiece is what is written under one deadline: at the slowest rate that is taken it lasts well below the grace.
	takingPiece = 64 << 10
)

// errNotTaken marks an answer that broke off because the client is gone or does not read.
var errNotTaken = errors.New("the client did not take the answer")

// timedAnswer writes an answer under a deadline that moves with what the client takes. Only time spent in writing counts, not a long
// upload before the answer.
type timedAnswer struct {
	gin.ResponseWriter
	connection *http.ResponseController
	// beneath is the connection without gin, whose Flush says nothing of errors.
	beneath *http.ResponseController
	budget  *minrate.Budget
	// begun is when the first byte was given to the client; zero before.
	begun time.Time
}

// newTimedAnswer sets a first deadline, for the "100 Continue" that net/http writes by itself.
func newTimedAnswer(w gin.ResponseWriter) *timedAnswer {
	terms := minrate.Limit{Grace: takingGrace, MinRate: takingRate}
	a := &timedAnswer{ResponseWriter: w, connection: http.NewResponseController(w), budget: minrate.NewBudget(terms)}
	a.beneath = a.connection
	if gins, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		a.beneath = http.NewResponseController(gins.Unwrap())
	}
	a.extend()
	return a
}

// Unwrap lets http.ResponseController reach the connection.
func (a *timedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Write waits for the client as long as its patience lasts.
func (a *timedAnswer) Write(p []byte) (int, error) {
	written := 0
	a.begin()
	for piece := range slices.Chunk(p, takingPiece) {
		n, err := a.writePiece(piece)
		written += n
		if err != nil {
			return written, fmt.Errorf("%w: %w", errNotTaken, err)
		}
	}
	return written, nil
}

// WriteString is Write for text.
func (a *timedAnswer) WriteString(s string) (int, error) { return a.Write([]byte(s)) } //nolint:gocritic // what it prefers is this method

func (a *timedAnswer) writePiece(p []byte) (int, error) {
	began := a.extend()
	n, err := a.ResponseWriter.Write(p)
	a.budget.Record(began, n)
	return n, err
}

// Flush is FlushError for those who do not ask.
func (a *timedAnswer) Flush() { _ = a.FlushError() }

// FlushError hands what was written to the client, and waits for it as Write does. http.ResponseController finds it.
func (a *timedAnswer) FlushError() error {
	a.begin()
	a.WriteHeaderNow()
	began := a.extend()
	err := a.beneath.Flush()
	a.budget.Record(began, 0)
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("%w: %w", errNotTaken, err)
	}
	return err
}

func (a *timedAnswer) begin() {
	if a.begun.IsZero() {
		a.begun = time.Now()
	}
}

// extend moves the deadline to what is left from now, which it returns. After the handler it covers what net/http still has to
// flush. A connection that takes no deadline is closed, and tells it at the write.
func (a *timedAnswer) extend() time.Time {
	now := time.Now()
	_ = a.connection.SetWriteDeadline(a.budget.Deadline(now))
	return now
}
