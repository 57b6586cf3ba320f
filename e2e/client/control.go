package client

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Cancel requests the cancellation of an operation.
func (c *Client) Cancel(ctx context.Context, operationLocation string) (*Response, error) {
	return c.Do(ctx, http.MethodPost, operationLocation+":cancel", RequestBody{})
}

// Delete cancels an unfinished operation, or deletes a finished one.
func (c *Client) Delete(ctx context.Context, operationLocation string) (*Response, error) {
	return c.Do(ctx, http.MethodDelete, operationLocation, RequestBody{})
}

// Monitor reads a status monitor from a response.
func (r *Response) Monitor() (Monitor, error) { return readMonitor(r) }

// ImportStream posts a body of any size while it is read. It has no timeout.
func (c *Client) ImportStream(ctx context.Context, collection, mediaType string, body io.Reader) (Accepted, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/"+collection+"/import", io.NopCloser(body))
	if err != nil {
		return Accepted{}, fmt.Errorf("creating a request: %w", err)
	}
	req.Header.Set("Content-Type", mediaType)
	start := time.Now()
	resp, err := (&http.Client{Transport: c.http.Transport}).Do(req)
	if err != nil {
		return Accepted{}, fmt.Errorf("importing a stream: %w", err)
	}
	elapsed := time.Since(start)
	content, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return Accepted{}, fmt.Errorf("reading the response: %w", err)
	}
	return c.readAccepted(&Response{Status: resp.StatusCode, Header: resp.Header, Body: content, Elapsed: elapsed})
}

// maxLine is the maximum size of a line in a stream of records.
const maxLine = 4 << 20

// EachRecord calls visit for each record of an operation with an outcome, as they arrive: with its
// row, and with the whole line of NDJSON, which is valid until visit returns.
func (c *Client) EachRecord(ctx context.Context, operationLocation, outcome string, visit func(row int, line []byte)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, operationLocation+"/records?outcome="+outcome, http.NoBody)
	if err != nil {
		return fmt.Errorf("creating a request: %w", err)
	}
	resp, err := (&http.Client{Transport: c.http.Transport}).Do(req)
	if err != nil {
		return fmt.Errorf("requesting the %s records: %w", outcome, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("requesting the %s records: status %d", outcome, resp.StatusCode)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		row, err := rowOf(lines.Bytes())
		if err != nil {
			return err
		}
		visit(row, lines.Bytes())
	}
	return lines.Err()
}

// rowOf reads the row of a record from the beginning of its line. It does not decode the line, which
// under the race detector would take minutes for a million records.
func rowOf(line []byte) (int, error) {
	rest, found := bytes.CutPrefix(line, []byte(`{"row":`))
	digits, _, more := bytes.Cut(rest, []byte(","))
	row, err := strconv.Atoi(string(digits))
	if !found || !more || err != nil {
		return 0, fmt.Errorf("line %q does not begin with its row", line)
	}
	return row, nil
}
