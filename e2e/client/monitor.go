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

// Monitor is the status monitor of an operation (operations dialect).
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

// Counts is what became of an operation's records.
type Counts struct {
	Total       int `json:"total"`
	Created     int `json:"created"`
	Updated     int `json:"updated"`
	Superseded  int `json:"superseded"`
	Failed      int `json:"failed"`
	Imported    int `json:"imported"`
	Unprocessed int `json:"unprocessed"`
}

// Result is what a succeeded import says at its end.
type Result struct {
	Counts
	FailedRecords string `json:"failedRecordsLocation"`
}

// Failure is why an operation did not succeed.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// words are the statuses that Azure's pollers know, in the order of an operation's life.
var words = []string{"NotStarted", "Running", "Succeeded", "Failed", "Canceled"}

// terminal reports whether nothing follows the status.
func (m Monitor) terminal() bool { return slices.Index(words, m.Status) > 1 }

// Poll asks for the monitor once, adds what it says to the operation's history and returns how long the server asks to wait.
func (c *Client) Poll(ctx context.Context, operationLocation string) (Monitor, time.Duration, error) {
	answer, err := c.Get(ctx, operationLocation)
	if err != nil {
		return Monitor{}, 0, err
	}
	if answer.Status == http.StatusServiceUnavailable {
		wait, err := unavailable(answer)
		return Monitor{}, wait, err
	}
	m, err := readMonitor(answer)
	if err != nil {
		return Monitor{}, 0, err
	}
	wait, err := waitOf(answer, m.terminal())
	if err != nil {
		return Monitor{}, 0, err
	}
	return m, wait, c.history(operationLocation).add(m)
}

func readMonitor(answer *Response) (Monitor, error) {
	var m Monitor
	if err := answer.decode(http.StatusOK, "application/json", &m); err != nil {
		return m, err
	}
	if !slices.Contains(words, m.Status) {
		return m, fmt.Errorf("status %q is a word that no poller knows", m.Status)
	}
	if (m.Status == "Failed" || m.Status == "Canceled") != (m.Error != nil) {
		return m, fmt.Errorf("an error belongs to Failed and Canceled and to nothing else: %s", answer.Body)
	}
	if (m.Status == "Succeeded") != (m.Result != nil) {
		return m, fmt.Errorf("a result belongs to Succeeded and to nothing else: %s", answer.Body)
	}
	return m, nil
}

// Follow polls the monitor as the server asks, until the operation is finished.
func (c *Client) Follow(ctx context.Context, operationLocation string) (Monitor, error) {
	return c.poll(ctx, operationLocation, func(asked time.Duration) time.Duration { return asked })
}

// Watch polls the monitor at a pace of its own, until the operation is finished.
func (c *Client) Watch(ctx context.Context, operationLocation string, pace time.Duration) (Monitor, error) {
	return c.poll(ctx, operationLocation, func(time.Duration) time.Duration { return pace })
}

func (c *Client) poll(ctx context.Context, operationLocation string, pause func(asked time.Duration) time.Duration) (Monitor, error) {
	for {
		m, wait, err := c.Poll(ctx, operationLocation)
		if err != nil || m.terminal() {
			return m, err
		}
		if err := await.Sleep(ctx, pause(wait)); err != nil {
			return m, fmt.Errorf("following %s, which is %s at %d %%: %w", operationLocation, m.Status, m.PercentComplete, err)
		}
	}
}

// TaskStatus is a status in the tools dialect (seed 000).
type TaskStatus struct {
	TaskReference   string            `json:"task_reference"`
	Status          string            `json:"status"`
	Progress        string            `json:"progress"`
	ImportedRecords *int              `json:"imported_records"`
	Errors          []json.RawMessage `json:"errors"`
	Counts          *Counts           `json:"counts"`
	ErrorsLink      string            `json:"errors_link"`
	ErrorMessage    string            `json:"error_message"`

	// Members are the names of the answer's members.
	Members []string `json:"-"`
}

// TaskStatus asks for an import's status in the tools dialect.
func (c *Client) TaskStatus(ctx context.Context, location string) (TaskStatus, error) {
	var s TaskStatus
	answer, err := c.Get(ctx, location)
	if err != nil {
		return s, err
	}
	if err := answer.decode(http.StatusOK, "application/json", &s); err != nil {
		return s, err
	}
	if _, err := waitOf(answer, s.Status != "IN_PROGRESS"); err != nil {
		return s, err
	}
	s.Members, err = answer.Members()
	return s, err
}
