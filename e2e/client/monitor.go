package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
)

// Monitor is the status monitor of an operation (azure dialect).
type Monitor struct {
	ID              string     `json:"id"`
	Status          string     `json:"status"`
	Kind            string     `json:"kind"`
	Collection      string     `json:"collection"`
	TaskReference   string     `json:"taskReference"`
	PercentComplete int        `json:"percentComplete"`
	Counts          Counts     `json:"counts"`
	Created         *time.Time `json:"createdDateTime"`
	LastAction      *time.Time `json:"lastActionDateTime"`
	Started         *time.Time `json:"startedDateTime"`
	Finished        *time.Time `json:"finishedDateTime"`
	Result          *Result    `json:"result"`
	Error           *Failure   `json:"error"`
}

// Counts contains an operation's records by outcome.
type Counts struct {
	Total       int `json:"total"`
	Created     int `json:"created"`
	Updated     int `json:"updated"`
	Superseded  int `json:"superseded"`
	Failed      int `json:"failed"`
	Imported    int `json:"imported"`
	Unprocessed int `json:"unprocessed"`
}

// Result is the result of a succeeded operation.
type Result struct {
	Counts
	FailedRecords string `json:"failedRecordsLocation"`
}

// Failure is the error of a failed or cancelled operation.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// statuses contains the statuses that Azure's pollers know, in the order in which an operation has them.
var statuses = []string{"NotStarted", "Running", "Succeeded", "Failed", "Canceled"}

// terminal reports whether the status is final.
func (m Monitor) terminal() bool { return slices.Index(statuses, m.Status) > 1 }

// Poll requests the monitor once, adds it to the operation's history, and returns the Retry-After of
// the response.
func (c *Client) Poll(ctx context.Context, operationLocation string) (Monitor, time.Duration, error) {
	response, err := c.Get(ctx, operationLocation)
	if err != nil {
		return Monitor{}, 0, err
	}
	if response.Status == http.StatusServiceUnavailable {
		wait, err := unavailable(response)
		return Monitor{}, wait, err
	}
	m, err := readMonitor(response)
	if err != nil {
		return Monitor{}, 0, err
	}
	wait, err := retryAfter(response, m.terminal())
	if err != nil {
		return Monitor{}, 0, err
	}
	return m, wait, c.history(operationLocation).add(m)
}

func readMonitor(response *Response) (Monitor, error) {
	var m Monitor
	if err := response.decode(http.StatusOK, "application/json", &m); err != nil {
		return m, err
	}
	if !slices.Contains(statuses, m.Status) {
		return m, fmt.Errorf("unknown status %q", m.Status)
	}
	if (m.Status == "Failed" || m.Status == "Canceled") != (m.Error != nil) {
		return m, fmt.Errorf("error is present for Failed and Canceled only: %s", response.Body)
	}
	if (m.Status == "Succeeded") != (m.Result != nil) {
		return m, fmt.Errorf("result is present for Succeeded only: %s", response.Body)
	}
	return m, nil
}

// Follow polls the monitor at the intervals of Retry-After until the operation is finished.
func (c *Client) Follow(ctx context.Context, operationLocation string) (Monitor, error) {
	return c.poll(ctx, operationLocation, func(retryAfter time.Duration) time.Duration { return retryAfter })
}

// Watch polls the monitor at a fixed interval until the operation is finished.
func (c *Client) Watch(ctx context.Context, operationLocation string, interval time.Duration) (Monitor, error) {
	return c.poll(ctx, operationLocation, func(time.Duration) time.Duration { return interval })
}

func (c *Client) poll(ctx context.Context, operationLocation string,
	interval func(retryAfter time.Duration) time.Duration,
) (Monitor, error) {
	for {
		m, wait, err := c.Poll(ctx, operationLocation)
		if err != nil || m.terminal() {
			return m, err
		}
		if err := await.Sleep(ctx, interval(wait)); err != nil {
			return m, fmt.Errorf("polling %s (%s, %d %%): %w", operationLocation, m.Status, m.PercentComplete, err)
		}
	}
}

// TaskStatus is the status of an import in the form of the tools API (seed 000).
type TaskStatus struct {
	TaskReference   string            `json:"task_reference"`
	Status          string            `json:"status"`
	Progress        string            `json:"progress"`
	ImportedRecords *int              `json:"imported_records"`
	Errors          []json.RawMessage `json:"errors"`
	Counts          *Counts           `json:"counts"`
	ErrorsLink      string            `json:"errors_link"`
	ErrorMessage    string            `json:"error_message"`

	// Members contains the names of the response's members.
	Members []string `json:"-"`
}

// TaskStatus requests an import's status in the form of the tools API.
func (c *Client) TaskStatus(ctx context.Context, location string) (TaskStatus, error) {
	var s TaskStatus
	response, err := c.Get(ctx, location)
	if err != nil {
		return s, err
	}
	if err := response.decode(http.StatusOK, "application/json", &s); err != nil {
		return s, err
	}
	if _, err := retryAfter(response, s.Status != "IN_PROGRESS"); err != nil {
		return s, err
	}
	s.Members, err = response.Members()
	return s, err
}
