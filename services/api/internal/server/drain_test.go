package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"
)

// TestAServerGoesOnListeningWhileItDrains: whoever has not heard yet that it is not ready any more is still answered.
func TestAServerGoesOnListeningWhileItDrains(t *testing.T) {
	t.Parallel()
	const drain = 300 * time.Millisecond
	lines, ready := make(firstLine, 1), make(chan struct{})
	s := New(Options{Addr: "127.0.0.1:0", Ready: func() { close(ready) }, Drain: drain, Grace: time.Minute}, slog.New(slog.NewJSONHandler(lines, nil)))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-ready
	var listening struct{ Addr string }
	if err := json.Unmarshal([]byte(<-lines), &listening); err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	stop()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listening.Addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("a new connection while it drains: %v", err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("a request while it drains: %d, %v", response.StatusCode, err)
	}
	if err := <-ended; err != nil || time.Since(asked) < drain {
		t.Errorf("it ended after %s with %v", time.Since(asked), err)
	}
}
