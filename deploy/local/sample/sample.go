// Package sample imports the five tools of seed 000 through the public API and prints each request and
// response: an example of a client, and a check that the stack works.
package sample

import (
	"bytes"
	"context"
	_ "embed" // the sample
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// records is the number of records in the sample.
const records = 5

//go:embed tools.json
var body []byte

const (
	// requestTimeout is the maximum time of one request, which takes milliseconds.
	requestTimeout = 30 * time.Second
	// importTimeout is the maximum time of the whole import, which takes less than a second.
	importTimeout = 2 * time.Minute
)

// Printer prints one line.
type Printer interface {
	Printf(format string, args ...any)
}

// Import posts the sample to the API at the base URL and waits until it is imported. key is the API key
// that it sends; empty sends none. It returns an error unless every record is imported.
func Import(ctx context.Context, base, key string, out Printer) error {
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	c := client{http: &http.Client{Timeout: requestTimeout, Transport: keyed(key)}, out: out}
	accepted, err := c.submit(ctx, base+"/api/tools/import")
	if err != nil {
		return fmt.Errorf("submitting the sample: %w", err)
	}
	if err := c.follow(ctx, accepted.Get("Operation-Location"), retryAfter(accepted)); err != nil {
		return fmt.Errorf("waiting for the import of the sample: %w", err)
	}
	if err := c.result(ctx, accepted.Get("Location")); err != nil {
		return fmt.Errorf("reading the result of the sample: %w", err)
	}
	return nil
}

// keyed is a transport that sends an API key with each request, unless it is empty.
type keyed string

// RoundTrip implements http.RoundTripper.
func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	if k != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+string(k))
	}
	return http.DefaultTransport.RoundTrip(r)
}

type client struct {
	http *http.Client
	out  Printer
}

// submit posts the sample and returns the header of the 202 response.
func (c client) submit(ctx context.Context, url string) (http.Header, error) {
	c.out.Printf("POST %s   (%d tools)", url, records)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	got, err := c.do(request)
	if err != nil {
		return nil, err
	}
	c.out.Printf("  %s", got.status)
	for _, name := range []string{"Operation-Location", "Location", "Retry-After"} {
		if value := got.header.Get(name); value != "" {
			c.out.Printf("  %s: %s", name, value)
		}
	}
	c.show(got.body)
	if got.code != http.StatusAccepted {
		return nil, fmt.Errorf("status = %s, want 202", got.status)
	}
	return got.header, nil
}

// result reads the final status in the form of the tools API, and checks it.
func (c client) result(ctx context.Context, address string) error {
	var status struct {
		Status   string            `json:"status"`
		Imported int               `json:"imported_records"`
		Errors   []json.RawMessage `json:"errors"`
	}
	got, err := c.get(ctx, address, &status)
	if err != nil {
		return err
	}
	c.out.Printf("GET %s", address)
	c.show(got.body)
	if status.Status != "COMPLETED" || status.Imported != records || len(status.Errors) != 0 {
		return fmt.Errorf("%s with %d of %d records imported and %d errors", status.Status, status.Imported, records, len(status.Errors))
	}
	return nil
}

// response is an HTTP response with its whole body.
type response struct {
	code   int
	status string
	header http.Header
	body   []byte
}

// get requests the URL, expects 200 and decodes the body into the target.
func (c client) get(ctx context.Context, address string, target any) (response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return response{}, err
	}
	got, err := c.do(request)
	if err != nil {
		return response{}, err
	}
	if got.code != http.StatusOK {
		c.show(got.body)
		return response{}, fmt.Errorf("GET %s: status = %s, want 200", address, got.status)
	}
	if err := json.Unmarshal(got.body, target); err != nil {
		return response{}, fmt.Errorf("reading the response of %s: %w", address, err)
	}
	return got, nil
}

func (c client) do(request *http.Request) (response, error) {
	reply, err := c.http.Do(request)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = reply.Body.Close() }()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return response{}, fmt.Errorf("reading the response: %w", err)
	}
	return response{code: reply.StatusCode, status: reply.Status, header: reply.Header, body: text}, nil
}

// show prints a body, indented if it is JSON.
func (c client) show(text []byte) {
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(text), "", "  "); err != nil {
		pretty.Reset()
		pretty.Write(text)
	}
	for line := range bytes.Lines(pretty.Bytes()) {
		c.out.Printf("  %s", bytes.TrimRight(line, "\n"))
	}
}
