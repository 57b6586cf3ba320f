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
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// respond writes the search, and the records of the window, which it streams from the store.
//
// Seed 001 requires 201 for a completed search, and lists the other final states beside COMPLETED
// as values of status. Therefore every final state is answered with 201: a client that polls on 202
// stops, reads the status and keeps the partial results. An HTTP client would take an error status
// for a failed request and retry. The error is also in the body and in x-ms-error-code.
func (h *Handler) respond(c *gin.Context, op *operation.Operation, w window) error {
	if answered, err := dialect.Answer(c, op); answered || err != nil {
		return err
	}
	if c.Request.Method == http.MethodHead {
		h.writeHeader(c, op)
		return nil
	}
	results, err := h.openResults(c.Request.Context(), op, w)
	if err != nil {
		return err
	}
	return h.write(c, op, w, results)
}

// write writes the search and the results.
func (h *Handler) write(c *gin.Context, op *operation.Operation, w window, results *results) error {
	head, err := encodeHead(h.newDocument(c, op, w))
	if err != nil {
		return err
	}
	h.writeHeader(c, op)
	out := bufio.NewWriter(c.Writer)
	_, _ = out.Write(head) // Flush returns the error
	if err := results.copyTo(out); err != nil {
		return err
	}
	_, _ = out.WriteString("]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the results of a search: %w", err)
	}
	return nil
}

// writeHeader sets the headers and the status code.
func (h *Handler) writeHeader(c *gin.Context, op *operation.Operation) {
	header := c.Writer.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Location", h.Addresses.Absolute(c.Request, dialect.SearchPath(op)))
	header.Set("Operation-Location", h.Addresses.Absolute(c.Request, dialect.OperationPath(op)))
	if failure := dialect.FailureOf(op); failure != nil {
		header.Set("X-Ms-Error-Code", failure.Code)
	}
	h.Estimator.SetHeaders(c.Request.Context(), header, op)
	limitRetryAfter(header, h.Options.PollWithin)
	if op.State.Terminal() {
		c.Status(http.StatusCreated)
	} else {
		c.Status(http.StatusAccepted)
	}
}

// limitRetryAfter limits Retry-After to half of the interval within which the client must poll, but
// at least a second.
func limitRetryAfter(h http.Header, pollWithin time.Duration) {
	limit := max(pollWithin/2, time.Second)
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && time.Duration(seconds)*time.Second > limit {
		h.Set("Retry-After", strconv.Itoa(int(limit/time.Second)))
		h.Set("Retry-After-Ms", strconv.FormatInt(limit.Milliseconds(), 10))
	}
}

// encodeHead encodes the members before the records, and leaves the object and the array of records
// open.
func encodeHead(d document) ([]byte, error) {
	var head bytes.Buffer
	enc := json.NewEncoder(&head)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("encoding a search: %w", err)
	}
	return append(bytes.TrimSuffix(head.Bytes(), []byte("}\n")), `,"result":[`...), nil
}
