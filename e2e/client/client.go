// Package client speaks to the api over HTTP as its users do. It holds the api to its promises on the way: what an answer
// must have, and that no operation ever goes back in what its pollers see.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// requestLimit bounds one request: an api that hangs must fail a test and not hang it.
const requestLimit = 60 * time.Second

// Client may be used by several goroutines; what all of them see of an operation is one history.
type Client struct {
	base string
	http *http.Client

	mu        sync.Mutex
	histories map[string]*history
}

// New makes a client of the api at the base address, such as "http://127.0.0.1:8080".
func New(base string) *Client {
	return &Client{
		base:      strings.TrimSuffix(base, "/"),
		http:      &http.Client{Timeout: requestLimit, Transport: http.DefaultTransport.(*http.Transport).Clone()},
		histories: make(map[string]*history),
	}
}

// Base is the api's address.
func (c *Client) Base() string { return c.base }

// Close ends the connections that are kept.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Body is what a request carries.
type Body struct {
	// Type is the Content-Type; empty sends none.
	Type string
	// Encoding is the Content-Encoding; empty sends none.
	Encoding string
	// Header is what the request says beside; nil says nothing.
	Header  http.Header
	Content []byte
}

// Response is a response, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Elapsed is the time from the request to the response's head.
	Elapsed time.Duration
}

// Do sends a request to a path of the api, or to an absolute address, and reads the answer.
func (c *Client) Do(ctx context.Context, method, address string, body Body) (*Response, error) {
	if strings.HasPrefix(address, "/") {
		address = c.base + address
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body.Content))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	maps.Copy(req.Header, body.Header)
	if body.Type != "" {
		req.Header.Set("Content-Type", body.Type)
	}
	if body.Encoding != "" {
		req.Header.Set("Content-Encoding", body.Encoding)
	}
	began := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the api: %w", err)
	}
	took := time.Since(began)
	content, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s %s: %w", method, address, err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: content, Elapsed: took}, nil
}

// Get asks for a path of the api, or for an absolute address.
func (c *Client) Get(ctx context.Context, address string) (*Response, error) {
	return c.Do(ctx, http.MethodGet, address, Body{})
}

// decode reads the body of an answer whose status and type are as expected.
func (a *Response) decode(status int, mediaType string, into any) error {
	if a.Status != status {
		return fmt.Errorf("status is %d, not %d: %s", a.Status, status, a.Body)
	}
	if given := a.Header.Get("Content-Type"); given != mediaType && !strings.HasPrefix(given, mediaType+";") {
		return fmt.Errorf("Content-Type is %q, not %s", given, mediaType)
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("reading %s: %w", a.Body, err)
	}
	return nil
}
