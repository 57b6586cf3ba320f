package queue

import (
	"context"
	"errors"
	"testing"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	started, blocked := make(chan struct{}), make(chan struct{})
	defer close(blocked)
	go func() { <-started; cancel() }()

	if _, err := within(cancelled, func() (int, error) { close(started); <-blocked; return 1, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while reading: %v, want context.Canceled", err)
	}
	_, err := within(cancelled, func() (int, error) { t.Error("cancelled before reading: read anyway"); return 1, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before reading: %v, want context.Canceled", err)
	}
	if n, err := within(t.Context(), func() (int, error) { return 1, nil }); n != 1 || err != nil {
		t.Errorf("not cancelled: %d, %v, want 1", n, err)
	}
}
