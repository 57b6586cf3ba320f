package queue_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/queuetest"
)

func TestRedisMemory(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	used, limit, err := r.Queue.Memory(t.Context())
	if err != nil || used <= 0 || limit < 0 {
		t.Errorf("Memory() = %d, %d, %v", used, limit, err)
	}
	if err := r.Queue.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Queue.Memory(t.Context()); err == nil {
		t.Error("Memory() after Close() = nil, want an error")
	}
}
