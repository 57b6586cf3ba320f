package programs

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// readyTimeout is the maximum time until a started service is ready.
	readyTimeout = 30 * time.Second
	// readyInterval is the time between two checks.
	readyInterval = 20 * time.Millisecond
)

// AwaitAPI returns when the api at the base URL answers.
func AwaitAPI(ctx context.Context, base string) error { return awaitOK(ctx, "api", base+"/") }

// AwaitReady returns when the service with the admin listener at the URL is ready. The name appears
// in the error.
func AwaitReady(ctx context.Context, name, admin string) error {
	return awaitOK(ctx, name, admin+"/readyz")
}

func awaitOK(ctx context.Context, name, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("the %s is not ready after %v: %s does not answer 200", name, readyTimeout, url))
	defer cancel()
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for !isOK(ctx, url) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return nil
}

func isOK(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}
