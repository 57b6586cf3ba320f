// Package sample imports the five tools of the first seed through the public API, and shows each request and answer: it
// is what a client of the product does, and the proof that the stack works.
package sample

import (
	"bytes"
	"context"
	_ "embed" // for the sample itself
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// records is how many records the sample holds.
const records = 5

//go:embed tools.json
var body []byte

const (
	// requestTimeout bounds one request. An answer of the API takes milliseconds.
	requestTimeout = 30 * time.Second
	// importTimeout bounds the whole import, which takes less than a second when all is well.
	importTimeout = 2 * time.Minute
)

// Printer is told, line by line, what is sent and what comes back.
type Printer interface {
	Printf(format string, args ...any)
}

// Import posts the sample to the API at the base address and follows it to its end. It is an error when the import does
// not succeed with every record imported.
func Import(ctx context.Context, base string, say Printer) error {
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	c := client{http: &http.Client{Timeout: requestTimeout}, say: say}
	accepted, err := c.submit(ctx, base+"/api/tools/import")
	if err != nil {
		return fmt.Errorf("submitting the sample: %w", err)
	}
	if err := c.follow(ctx, accepted.Get("Operation-Location"), waitOf(accepted)); err != nil {
		return fmt.Errorf("following the sample's import: %w", err)
	}
	if err := c.result(ctx, accepted.Get("Location")); err != nil {
		return fmt.Errorf("reading the sample's result: %w", err)
	}
	return nil
}

type client struct {
	http *http.Client
	say  Printer
}

// submit posts the sample and returns the header of the 202.
func (c client) submit(ctx context.Context, address string) (http.Header, error) {
	c.say.Printf("POST %s   (%d tools)", address, records)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	got, err := c.do(request)
	if err != nil {
		return nil, err
	}
	c.say.Printf("  %s", got.status)
	for _, name := range []string{"Operation-Location", "Location", "Retry-After"} {
		if value := got.header.Get(name); value != "" {
			c.say.Printf("  %s: %s", name, value)
		}
	}
	c.show(got.body)
	if got.code != http.StatusAccepted {
		return nil, fmt.Errorf("the API answered %s instead of 202", got.status)
	}
	return got.header, nil
}

// result reads the final answer in the seed's own words.
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
	c.say.Printf("GET %s", address)
	c.show(got.body)
	if status.Status != "COMPLETED" || status.Imported != records || len(status.Errors) != 0 {
		return fmt.Errorf("%s with %d of %d records imported and %d errors", status.Status, status.Imported, records, len(status.Errors))
	}
	return nil
}

// answer is a response whose body was read.
type answer struct {
	code   int
	status string
	header http.Header
	body   []byte
}

// get reads an answer of 200 into the target.
func (c client) get(ctx context.Context, address string, target any) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	got, err := c.do(request)
	if err != nil {
		return answer{}, err
	}
	if got.code != http.StatusOK {
		c.show(got.body)
		return answer{}, fmt.Errorf("GET %s: the API answered %s", address, got.status)
	}
	if err := json.Unmarshal(got.body, target); err != nil {
		return answer{}, fmt.Errorf("reading the answer of %s: %w", address, err)
	}
	return got, nil
}

func (c client) do(request *http.Request) (answer, error) {
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	return answer{code: response.StatusCode, status: response.Status, header: response.Header, body: text}, nil
}

// show prints an answer, indented if it is JSON.
func (c client) show(text []byte) {
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(text), "", "  "); err != nil {
		pretty.Reset()
		pretty.Write(text)
	}
	for line := range bytes.Lines(pretty.Bytes()) {
		c.say.Printf("  %s", bytes.TrimRight(line, "\n"))
	}
}
