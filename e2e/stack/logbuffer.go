package stack

import (
	"strings"
	"sync"
)

// logBuffer keeps what a process says.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write takes what the process says.
func (j *logBuffer) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// since returns what was said after the first bytes.
func (j *logBuffer) since(bytes int) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()[bytes:]
}

func (j *logBuffer) size() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Len()
}

// tail returns the last lines, as much as a person reads.
func (j *logBuffer) tail() string {
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
