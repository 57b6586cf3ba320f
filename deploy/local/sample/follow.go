package sample

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// defaultWait is used where an answer does not say how long to wait.
const defaultWait = time.Second

// follow polls the status monitor until the operation has succeeded, as often as the API asks for.
func (c client) follow(ctx context.Context, monitor string, wait time.Duration) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		var status struct {
			Status  string          `json:"status"`
			Percent *float64        `json:"percentComplete"`
			Error   json.RawMessage `json:"error"`
		}
		got, err := c.get(ctx, monitor, &status)
		if err != nil {
			return err
		}
		c.say.Printf("GET %s   after %v", monitor, wait)
		c.say.Printf("  %s%s", status.Status, percent(status.Percent))
		switch status.Status {
		case "Succeeded":
			return nil
		case "NotStarted", "Running":
			wait = waitOf(got.header)
		default:
			return fmt.Errorf("the operation ended as %s: %s", status.Status, status.Error)
		}
	}
}

func percent(value *float64) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf(", %g%%", *value)
}

// waitOf reads how long to wait before the next poll: retry-after-ms as the Azure clients know it, else Retry-After
// in whole seconds (RFC 9110, section 10.2.3).
func waitOf(header http.Header) time.Duration {
	if n, err := strconv.Atoi(header.Get("Retry-After-Ms")); err == nil && n >= 0 {
		return time.Duration(n) * time.Millisecond
	}
	if n, err := strconv.Atoi(header.Get("Retry-After")); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	return defaultWait
}
