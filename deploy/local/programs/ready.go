package programs

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// readyWait bounds the start of the api.
	readyWait = 30 * time.Second
	// readyInterval is how often the api is asked meanwhile.
	readyInterval = 20 * time.Millisecond
)

// AwaitAPI returns when the api at the base address answers at its root.
func AwaitAPI(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWait, fmt.Errorf("the api did not answer within %v", readyWait))
	defer cancel()
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for !answers(ctx, base) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return nil
}

func answers(ctx context.Context, base string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}
