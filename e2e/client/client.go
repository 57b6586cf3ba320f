// Package client is an HTTP client of the api. It checks the api's guarantees in every response:
// required headers and members, and that the status and the counts of an operation never go back.
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

// requestTimeout is the maximum time of one request.
const requestTimeout = 60 * time.Second

// Client can be used by several goroutines. It keeps one history of responses for each operation.
type Client struct {
	base string
	http *http.Client
	key  string // empty: requests have no credential

	mu        sync.Mutex
	histories map[string]*history
}

// New returns a client of the api at a base URL, such as "http://127.0.0.1:8080".
func New(base string) *Client {
	return &Client{
		base:      strings.TrimSuffix(base, "/"),
		http:      &http.Client{Timeout: requestTimeout, Transport: http.DefaultTransport.(*http.Transport).Clone()},
		histories: make(map[string]*history),
	}
}

// WithKey returns a client of the same api that sends an API key with each request.
func (c *Client) WithKey(key string) *Client {
	keyed := New(c.base)
	keyed.key = key
	return keyed
}

// Base returns the api's base URL, without a slash at its end.
func (c *Client) Base() string { return c.base }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// RequestBody is a request body with its headers.
type RequestBody struct {
	// Type is the Content-Type header; empty: none.
	Type string
	// Encoding is the Content-Encoding header; empty: none.
	Encoding string
	// Header contains additional headers.
	Header  http.Header
	Content []byte
}

// Response is a response with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Elapsed is the time from the request to the response's header.
	Elapsed time.Duration
}

// Do sends a request to a path of the api, or to an absolute URL, and reads the response.
func (c *Client) Do(ctx context.Context, method, url string, body RequestBody) (*Response, error) {
	if strings.HasPrefix(url, "/") {
		url = c.base + url
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body.Content))
	if err != nil {
		return nil, fmt.Errorf("creating a request: %w", err)
	}
	maps.Copy(req.Header, body.Header)
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if body.Type != "" {
		req.Header.Set("Content-Type", body.Type)
	}
	if body.Encoding != "" {
		req.Header.Set("Content-Encoding", body.Encoding)
	}
	start := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("sending a request: %w", err)
	}
	elapsed := time.Since(start)
	content, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the response to %s %s: %w", method, url, err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: content, Elapsed: elapsed}, nil
}

// Get requests a path of the api, or an absolute URL.
func (c *Client) Get(ctx context.Context, url string) (*Response, error) {
	return c.Do(ctx, http.MethodGet, url, RequestBody{})
}

// decode checks the status and the media type, and unmarshals the body.
func (r *Response) decode(status int, mediaType string, into any) error {
	if r.Status != status {
		return fmt.Errorf("status = %d, want %d: %s", r.Status, status, r.Body)
	}
	if got := r.Header.Get("Content-Type"); got != mediaType && !strings.HasPrefix(got, mediaType+";") {
		return fmt.Errorf("Content-Type = %q, want %q", got, mediaType)
	}
	if err := json.Unmarshal(r.Body, into); err != nil {
		return fmt.Errorf("reading %s: %w", r.Body, err)
	}
	return nil
}
