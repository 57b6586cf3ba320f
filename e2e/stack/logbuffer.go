package stack

import (
	"strings"
	"sync"
)

// logBuffer keeps the output of a process.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write appends output of the process.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// since returns the output after the first offset bytes.
func (l *logBuffer) since(offset int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()[offset:]
}

func (l *logBuffer) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}

// tail returns the last 16 KiB, with long lines cut.
func (l *logBuffer) tail() string {
	const maxBytes, maxLine = 16 << 10, 400
	text := l.since(0)
	if cut := len(text) - maxBytes; cut > 0 {
		text = "…" + text[cut:]
	}
	var short strings.Builder
	for line := range strings.Lines(text) {
		if len(line) > maxLine {
			line = line[:maxLine] + "…\n"
		}
		short.WriteString(line)
	}
	return short.String()
}
