package queue

import (
	"context"
	"errors"
	"testing"
)

// TestNobodyWaitsForTheInspectorAfterHisTime: Redis may be a black hole.
func TestNobodyWaitsForTheInspectorAfterHisTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	asked, hole := make(chan struct{}), make(chan struct{})
	defer close(hole)
	go func() { <-asked; cancel() }()
	if _, err := within(ctx, func() (int, error) { close(asked); <-hole; return 1, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("in the middle: %v", err)
	}
	if _, err := within(ctx, func() (int, error) { t.Error("it is asked"); return 1, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	if n, err := within(t.Context(), func() (int, error) { return 1, nil }); n != 1 || err != nil {
		t.Errorf("in time: %d, %v", n, err)
	}
}
