package sample

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// defaultInterval is the poll interval when a response has no Retry-After.
const defaultInterval = time.Second

// follow polls the status monitor at the intervals of Retry-After until the operation has succeeded.
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
		c.out.Printf("GET %s   after %v", monitor, wait)
		c.out.Printf("  %s%s", status.Status, percent(status.Percent))
		switch status.Status {
		case "Succeeded":
			return nil
		case "NotStarted", "Running":
			wait = retryAfter(got.header)
		default:
			return fmt.Errorf("the operation ended with status %s: %s", status.Status, status.Error)
		}
	}
}

func percent(value *float64) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf(", %g%%", *value)
}

// retryAfter returns the time until the next poll: retry-after-ms, which Azure clients know, or else
// Retry-After in whole seconds (RFC 9110, section 10.2.3).
func retryAfter(header http.Header) time.Duration {
	if n, err := strconv.Atoi(header.Get("Retry-After-Ms")); err == nil && n >= 0 {
		return time.Duration(n) * time.Millisecond
	}
	if n, err := strconv.Atoi(header.Get("Retry-After")); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	return defaultInterval
}
