package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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

// EachRecord calls visit for each record of an operation with an outcome, as they arrive.
func (c *Client) EachRecord(ctx context.Context, operationLocation, outcome string, visit func(Record)) error {
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
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("reading line %q: %w", lines.Bytes(), err)
		}
		visit(r)
	}
	return lines.Err()
}
