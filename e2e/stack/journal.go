package stack

import (
	"strings"
	"sync"
)

// journal keeps what a process says.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write takes what the process says.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// since returns what was said after the first bytes.
func (j *journal) since(bytes int) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()[bytes:]
}

func (j *journal) size() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Len()
}

// tail returns the last lines, as much as a person reads.
func (j *journal) tail() string {
	const mostBytes, longest = 16 << 10, 400
	text := j.since(0)
	if cut := len(text) - mostBytes; cut > 0 {
		text = "…" + text[cut:]
	}
	var short strings.Builder
	for line := range strings.Lines(text) {
		if len(line) > longest {
			line = line[:longest] + "…\n"
		}
		short.WriteString(line)
	}
	return short.String()
}
