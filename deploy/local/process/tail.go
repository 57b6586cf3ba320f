package process

import (
	"io"
	"strings"
	"sync"
)

// tailSize is the maximum size of the output in an error message.
const tailSize = 2 << 10

// Tail is a writer that passes output on and keeps the end of it for an error message.
type Tail struct {
	mu   sync.Mutex
	next io.Writer
	kept []byte
}

// NewTail returns a Tail that writes to next, which may be nil.
func NewTail(next io.Writer) *Tail { return &Tail{next: next} }

// Write passes p on and keeps the end of the output.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - tailSize; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	if t.next == nil {
		return len(p), nil
	}
	return t.next.Write(p)
}

// String returns the end of the output, without surrounding space.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
