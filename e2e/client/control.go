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

// Cancel asks to stop an operation, in the operations dialect.
func (c *Client) Cancel(ctx context.Context, operationLocation string) (*Response, error) {
	return c.Do(ctx, http.MethodPost, operationLocation+":cancel", Body{})
}

// Delete asks to stop an unfinished operation, or to forget a finished one.
func (c *Client) Delete(ctx context.Context, operationLocation string) (*Response, error) {
	return c.Do(ctx, http.MethodDelete, operationLocation, Body{})
}

// Monitor reads an answer that is a monitor.
func (a *Response) Monitor() (Monitor, error) { return readMonitor(a) }

// ImportStream posts a body of any size, which is read while it is sent. It takes as long as it takes.
func (c *Client) ImportStream(ctx context.Context, collection, mediaType string, body io.Reader) (Accepted, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/"+collection+"/import", io.NopCloser(body))
	if err != nil {
		return Accepted{}, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", mediaType)
	began := time.Now()
	resp, err := (&http.Client{Transport: c.http.Transport}).Do(req)
	if err != nil {
		return Accepted{}, fmt.Errorf("importing a stream: %w", err)
	}
	took := time.Since(began)
	content, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return Accepted{}, fmt.Errorf("reading the answer: %w", err)
	}
	return c.readAccepted(&Response{Status: resp.StatusCode, Header: resp.Header, Body: content, Elapsed: took})
}

// longestLine bounds one line of a stream of records.
const longestLine = 4 << 20

// EachRecord calls visit for each record of an operation with an outcome, while they arrive.
func (c *Client) EachRecord(ctx context.Context, operationLocation, outcome string, visit func(Record)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, operationLocation+"/records?outcome="+outcome, http.NoBody)
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	resp, err := (&http.Client{Transport: c.http.Transport}).Do(req)
	if err != nil {
		return fmt.Errorf("asking for %s records: %w", outcome, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for %s records: status %d", outcome, resp.StatusCode)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("reading line %q: %w", lines.Bytes(), err)
		}
		visit(r)
	}
	return lines.Err()
}
