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

// Reader reads a request body and enforces a minimum transfer rate by moving the read deadline of
// the connection.
type Reader struct {
	body        io.Reader
	setDeadline func(time.Time) error
	budget      *Budget
}

// NewReader returns a reader of the body of r.
func NewReader(w http.ResponseWriter, r *http.Request, limit Limit) *Reader {
	return &Reader{body: r.Body, setDeadline: http.NewResponseController(w).SetReadDeadline, budget: NewBudget(limit)}
}

// Read implements io.Reader. Every error except io.EOF is a fault that explains to the client what
// went wrong: of kind TooSlow if the client is slower than the limit, otherwise Malformed.
func (r *Reader) Read(p []byte) (int, error) {
	started := time.Now()
	if err := r.setDeadline(r.budget.Deadline(started)); err != nil {
		return 0, fmt.Errorf("setting the read deadline: %w", err)
	}
	n, err := r.body.Read(p)
	r.budget.Record(started, n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = toFault(err)
	}
	return n, err
}

// ClearDeadline removes the read deadline after the last read. Otherwise net/http, which reads in
// the background to detect a disconnect, would treat a client that waits for the response as
// disconnected. An error is ignored: a connection that accepts no deadline is closed.
func (r *Reader) ClearDeadline() { _ = r.setDeadline(time.Time{}) }

// toFault converts a transport error. All of them are caused by the client or the connection, not
// by the service. A fault, which says that the client may send no more, stays as it is.
func toFault(err error) error {
	f, isFault := errors.AsType[*fault.Fault](err)
	switch {
	case isFault:
		return f
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
