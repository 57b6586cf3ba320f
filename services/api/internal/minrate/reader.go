package minrate

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Reader reads a request's body under a deadline that moves with every byte.
type Reader struct {
	body     io.Reader
	deadline func(time.Time) error
	budget   *Budget
}

// NewReader reads the body of r under the terms.
func NewReader(w http.ResponseWriter, r *http.Request, terms Limit) *Reader {
	return &Reader{body: r.Body, deadline: http.NewResponseController(w).SetReadDeadline, budget: NewBudget(terms)}
}

// Read waits for the client as long as its patience lasts. Every error but io.EOF is a fault that tells the client what it did.
func (b *Reader) Read(p []byte) (int, error) {
	began := time.Now()
	if err := b.deadline(b.budget.Deadline(began)); err != nil {
		return 0, fmt.Errorf("setting the read deadline: %w", err)
	}
	n, err := b.body.Read(p)
	b.budget.Record(began, n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = toFault(err)
	}
	return n, err
}

// ClearDeadline takes the deadline off the connection after the last read, so that net/http, which listens for the client's leaving, does not take
// its silence for that while the answer is waited for.
func (b *Reader) ClearDeadline() { _ = b.deadline(time.Time{}) } // a connection that takes no deadline is closed

// toFault turns an error of the transport into what the client should know: whatever ends a body but its end is the client's or the
// connection's doing, never ours.
func toFault(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.TooSlow, "upload-too-slow",
			"The upload was slower than this service waits for. Nothing of it was kept; send it again over a faster connection or in smaller parts.").Because(err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fault.New(fault.Malformed, "upload-cut-off",
			"The connection ended before the body did. Nothing of it was kept; send it again.").Because(err)
	default:
		return fault.New(fault.Malformed, "bad-framing",
			"The body does not follow the framing of HTTP that its headers promise. Nothing of it was kept; send it again.").Because(err)
	}
}
