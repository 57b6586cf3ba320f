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

// Accepted is the 202 of an import, with what its headers say.
type Accepted struct {
	TaskReference string `json:"task_reference"`
	Status        string `json:"status"`
	ID            string `json:"id"`
	TotalRecords  int    `json:"total_records"`
	Delimiter     string `json:"csv_delimiter"`

	// OperationLocation is the status monitor's address, Location that of the status in the tools dialect.
	OperationLocation, Location string
	Wait                        time.Duration
	Elapsed                     time.Duration
}

// Import posts records to a collection and expects them to be accepted.
func (c *Client) Import(ctx context.Context, collection string, body Body) (Accepted, error) {
	answer, err := c.Do(ctx, http.MethodPost, "/api/"+collection+"/import", body)
	if err != nil {
		return Accepted{}, err
	}
	accepted, err := c.readAccepted(answer)
	if err != nil {
		return Accepted{}, fmt.Errorf("importing into %s: %w", collection, err)
	}
	return accepted, nil
}

func (c *Client) readAccepted(answer *Response) (Accepted, error) {
	var a Accepted
	if err := answer.decode(http.StatusAccepted, "application/json", &a); err != nil {
		return a, err
	}
	a.OperationLocation, a.Location = answer.Header.Get("Operation-Location"), answer.Header.Get("Location")
	a.Elapsed = answer.Elapsed
	var err error
	a.Wait, err = waitOf(answer, false)
	return a, errors.Join(err, c.checkAddresses(a))
}

// checkAddresses refuses addresses that a real poller would refuse (reference: azcore).
func (c *Client) checkAddresses(a Accepted) error {
	if !strings.HasPrefix(a.OperationLocation, c.base+"/") || !strings.HasSuffix(a.OperationLocation, a.ID) {
		return fmt.Errorf("the Operation-Location %q is not the absolute address of operation %s", a.OperationLocation, a.ID)
	}
	if !strings.HasPrefix(a.Location, c.base+"/") || !strings.HasSuffix(a.Location, a.TaskReference) {
		return fmt.Errorf("the Location %q is not the absolute address of task %s", a.Location, a.TaskReference)
	}
	return nil
}

// waitOf reads how long the server asks to wait. On an unfinished operation there must be whole seconds, at least one, and
// milliseconds beside them; on a finished one neither.
func waitOf(answer *Response, finished bool) (time.Duration, error) {
	seconds, millis := answer.Header.Get("Retry-After"), answer.Header.Get("Retry-After-Ms")
	if finished {
		if seconds != "" || millis != "" {
			return 0, fmt.Errorf("a finished operation has Retry-After %q and retry-after-ms %q", seconds, millis)
		}
		return 0, nil
	}
	if n, err := strconv.Atoi(seconds); err != nil || n < 1 {
		return 0, fmt.Errorf("Retry-After is %q, not whole seconds of at least 1", seconds)
	}
	n, err := strconv.Atoi(millis)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("retry-after-ms is %q, not a number of at least 1", millis)
	}
	return time.Duration(n) * time.Millisecond, nil
}
