package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// maxLine bounds a line without an end; what is longer is broken, so that memory stays bounded.
const maxLine = 64 << 10

// palette holds the colours of the names (ANSI foreground), readable on dark and on light ground.
var palette = []int{36, 33, 32, 35, 34, 96, 93, 92, 95, 94}

// Console lets many writers share one output: whole lines, each behind the name of its writer.
type Console struct {
	mu     sync.Mutex
	out    io.Writer
	width  int // of the column of names
	colour bool
	names  int
}

// NewConsole writes to out, with colours if that is a terminal and NO_COLOR is not set (https://no-color.org). The
// column of names is width characters wide.
func NewConsole(out io.Writer, width int) *Console {
	file, ok := out.(*os.File)
	colour := ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == ""
	return &Console{out: out, width: width, colour: colour}
}

// Lines returns a writer whose lines appear behind the name.
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

// Print writes text as it is, between the lines of the others.
func (c *Console) Print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.out, text)
}

// Lines is a writer of whole lines to a Console. It may be used by several goroutines.
type Lines struct {
	console *Console
	prefix  string
	partial []byte // the beginning of a line, guarded by the console's lock
}

// Write shows every line that is complete. It never fails, because a child must not stop when its log cannot be shown.
func (l *Lines) Write(p []byte) (int, error) {
	l.console.mu.Lock()
	defer l.console.mu.Unlock()
	l.partial = append(l.partial, p...)
	var shown []byte
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 && len(l.partial) < maxLine {
			break
		}
		if end < 0 {
			end = maxLine - 1
		}
		shown = l.appendLine(shown, l.partial[:end+1])
		l.partial = l.partial[end+1:]
	}
	if len(shown) > 0 {
		_, _ = l.console.out.Write(shown)
	}
	return len(p), nil
}

// Flush shows what was written without a line's end.
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

func (l *Lines) appendLine(shown, line []byte) []byte {
	shown = append(shown, l.prefix...)
	shown = append(shown, bytes.TrimRight(line, "\r\n")...)
	return append(shown, '\n')
}
