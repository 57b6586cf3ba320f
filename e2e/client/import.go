package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Accepted is the 202 response to an import, with its headers.
type Accepted struct {
	TaskReference string `json:"task_reference"`
	Status        string `json:"status"`
	ID            string `json:"id"`
	TotalRecords  int    `json:"total_records"`
	Delimiter     string `json:"csv_delimiter"`

	// OperationLocation is the URL of the status monitor, Location that of the status in the form of the tools API.
	OperationLocation, Location string
	Wait                        time.Duration
	Elapsed                     time.Duration
}

// Import posts records to a collection and expects 202.
func (c *Client) Import(ctx context.Context, collection string, body RequestBody) (Accepted, error) {
	response, err := c.Do(ctx, http.MethodPost, "/api/"+collection+"/import", body)
	if err != nil {
		return Accepted{}, err
	}
	accepted, err := c.readAccepted(response)
	if err != nil {
		return Accepted{}, fmt.Errorf("importing into %s: %w", collection, err)
	}
	return accepted, nil
}

func (c *Client) readAccepted(response *Response) (Accepted, error) {
	var a Accepted
	if err := response.decode(http.StatusAccepted, "application/json", &a); err != nil {
		return a, err
	}
	a.OperationLocation, a.Location = response.Header.Get("Operation-Location"), response.Header.Get("Location")
	a.Elapsed = response.Elapsed
	var err error
	a.Wait, err = retryAfter(response, false)
	return a, errors.Join(err, c.checkAddresses(a))
}

// checkAddresses checks the URLs as a real poller does (azcore).
func (c *Client) checkAddresses(a Accepted) error {
	if !strings.HasPrefix(a.OperationLocation, c.base+"/") || !strings.HasSuffix(a.OperationLocation, a.ID) {
		return fmt.Errorf("header Operation-Location = %q, want the absolute URL of operation %s", a.OperationLocation, a.ID)
	}
	if !strings.HasPrefix(a.Location, c.base+"/") || !strings.HasSuffix(a.Location, a.TaskReference) {
		return fmt.Errorf("header Location = %q, want the absolute URL of task %s", a.Location, a.TaskReference)
	}
	return nil
}

// retryAfter returns the time until the next poll. Responses about unfinished operations must have
// Retry-After (whole seconds, at least 1) and retry-after-ms; those about finished ones must not.
func retryAfter(response *Response, finished bool) (time.Duration, error) {
	seconds, millis := response.Header.Get("Retry-After"), response.Header.Get("Retry-After-Ms")
	if finished {
		if seconds != "" || millis != "" {
			return 0, fmt.Errorf("a finished operation has Retry-After %q and retry-after-ms %q", seconds, millis)
		}
		return 0, nil
	}
	if n, err := strconv.Atoi(seconds); err != nil || n < 1 {
		return 0, fmt.Errorf("Retry-After = %q, want whole seconds, at least 1", seconds)
	}
	n, err := strconv.Atoi(millis)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("retry-after-ms = %q, want a number, at least 1", millis)
	}
	return time.Duration(n) * time.Millisecond, nil
}
