package searches

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// answer writes the search and the records of the window, which stream from the store piece by piece.
//
// The seed says 201 when a search has completed, and lists the other ends beside COMPLETED as values of status. So every end is answered with
// 201: who polls while it is 202 stops at any end, reads the word, and keeps the partial results; an error status would look to an HTTP client
// as if asking had failed, and be tried again. The error is there too, in the body and in x-ms-error-code.
func (d *Dialect) answer(c *gin.Context, op *operation.Operation, w window) error {
	if c.Request.Method == http.MethodHead {
		d.begin(c, op)
		return nil // nobody takes the rest
	}
	head, err := encodeHead(d.shape(c, op, w))
	if err != nil {
		return err
	}
	pieces, err := d.openPieces(c.Request.Context(), op, w)
	if err != nil {
		return err
	}
	d.begin(c, op)
	out := bufio.NewWriter(c.Writer)
	_, _ = out.Write(head) // an error stays until Flush
	if err := pieces.copyTo(out); err != nil {
		return err
	}
	_, _ = out.WriteString("]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}

// begin sets what stands before the body.
func (d *Dialect) begin(c *gin.Context, op *operation.Operation) {
	d.describe(c, op)
	if op.State.Terminal() {
		c.Status(http.StatusCreated)
	} else {
		c.Status(http.StatusAccepted)
	}
}

// encodeHead writes the members of the object that stand before its records, and leaves it open.
func encodeHead(s shape) ([]byte, error) {
	var head bytes.Buffer
	enc := json.NewEncoder(&head)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("writing a search: %w", err)
	}
	return append(bytes.TrimSuffix(head.Bytes(), []byte("}\n")), `,"result":[`...), nil
}

// describe sets the headers.
func (d *Dialect) describe(c *gin.Context, op *operation.Operation) {
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Location", d.Addresses.Absolute(c.Request, Path(op)))
	h.Set("Operation-Location", d.Addresses.Absolute(c.Request, azure.Path(op)))
	if failure := azure.FailureOf(op); failure != nil {
		h.Set("X-Ms-Error-Code", failure.Code)
	}
	d.Pacer.SetHeaders(c.Request.Context(), h, op)
	capHint(h, d.options.PollWithin)
}

// capHint keeps Retry-After well below the time in which the client must ask again; it can't be less than a second.
func capHint(h http.Header, within time.Duration) {
	most := max(within/2, time.Second)
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && time.Duration(seconds)*time.Second > most {
		h.Set("Retry-After", strconv.Itoa(int(most/time.Second)))
		h.Set("Retry-After-Ms", strconv.FormatInt(most.Milliseconds(), 10))
	}
}
