package imports

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Patience says how slow an upload may be.
type Patience struct {
	// Grace is how long a client may keep us waiting in all, whatever it sends.
	Grace time.Duration
	// MinRate is how many bytes buy one more second of waiting.
	MinRate int
}

// pacedBody reads a request's body under a deadline that moves with every byte. Only time spent in waiting for the client
// counts: a slow database is not the client's fault.
type pacedBody struct {
	body     io.Reader
	deadline func(time.Time) error
	patience Patience

	received int64
	waited   time.Duration
}

func newPacedBody(w http.ResponseWriter, r *http.Request, patience Patience) *pacedBody {
	return &pacedBody{body: r.Body, deadline: http.NewResponseController(w).SetReadDeadline, patience: patience}
}

// Read waits for the client as long as its patience lasts.
func (b *pacedBody) Read(p []byte) (int, error) {
	earned := time.Duration(b.received) * time.Second / time.Duration(b.patience.MinRate)
	began := time.Now()
	if err := b.deadline(began.Add(b.patience.Grace + earned - b.waited)); err != nil {
		return 0, fmt.Errorf("setting the read deadline: %w", err)
	}
	n, err := b.body.Read(p)
	b.waited += time.Since(began)
	b.received += int64(n)
	return n, err
}

// blame turns an error of the transport into what the client should know.
func blame(err error) error {
	switch {
	case fault.Of(err).Kind != fault.Internal:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.TooSlow, "upload-too-slow",
			"The upload was slower than this service waits for. Nothing of it was kept; send it again over a faster connection or in smaller parts.").Because(err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Malformed, "upload-cut-off",
			"The connection ended before the body did. Nothing of it was kept; send it again.").Because(err)
	default:
		return err
	}
}
