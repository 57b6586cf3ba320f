package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// maxLine is the maximum length of a line. Longer lines are broken, to limit memory.
const maxLine = 64 << 10

// palette contains the ANSI foreground colours of the names, readable on dark and light backgrounds.
var palette = []int{36, 33, 32, 35, 34, 96, 93, 92, 95, 94}

// Console combines the lines of several writers in one output, each with the name of its writer.
type Console struct {
	mu     sync.Mutex
	out    io.Writer
	width  int // of the column of names
	colour bool
	names  int
}

// NewConsole returns a Console that writes to out, with colours if out is a terminal and NO_COLOR is not
// set (https://no-color.org). Width is that of the column of names.
func NewConsole(out io.Writer, width int) *Console {
	file, ok := out.(*os.File)
	colour := ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == ""
	return &Console{out: out, width: width, colour: colour}
}

// Lines returns a writer whose lines are prefixed with the name.
func (c *Console) Lines(name string) *Lines {
	c.mu.Lock()
	defer c.mu.Unlock()
	prefix := fmt.Sprintf("%-*s | ", c.width, name)
	if c.colour {
		prefix = fmt.Sprintf("\x1b[%dm%-*s |\x1b[0m ", palette[c.names%len(palette)], c.width, name)
	}
	c.names++
	return &Lines{console: c, prefix: prefix}
}

// Print writes text without a prefix, between the lines of the writers.
func (c *Console) Print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.out, text)
}

// Lines writes whole lines to a Console. Several goroutines can use it.
type Lines struct {
	console *Console
	prefix  string
	partial []byte // of a line, guarded by the console's lock
}

// Write writes the complete lines to the console and keeps the rest. It never fails, because a child must
// not stop when its log cannot be shown.
func (l *Lines) Write(p []byte) (int, error) {
	l.console.mu.Lock()
	defer l.console.mu.Unlock()
	l.partial = append(l.partial, p...)
	var output []byte
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 && len(l.partial) < maxLine {
			break
		}
		if end < 0 {
			end = maxLine - 1
		}
		output = l.appendLine(output, l.partial[:end+1])
		l.partial = l.partial[end+1:]
	}
	if len(output) > 0 {
		_, _ = l.console.out.Write(output)
	}
	return len(p), nil
}

// Flush writes the incomplete last line.
func (l *Lines) Flush() {
	l.console.mu.Lock()
	defer l.console.mu.Unlock()
	if len(l.partial) > 0 {
		_, _ = l.console.out.Write(l.appendLine(nil, l.partial))
		l.partial = nil
	}
}

// Printf writes one line.
func (l *Lines) Printf(format string, args ...any) {
	_, _ = fmt.Fprintf(l, format+"\n", args...)
}

func (l *Lines) appendLine(output, line []byte) []byte {
	output = append(output, l.prefix...)
	output = append(output, bytes.TrimRight(line, "\r\n")...)
	return append(output, '\n')
}
