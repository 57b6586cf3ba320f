package process_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/deploy/local/process"
)

func TestLinesWrite(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		writes []string
		want   string
	}{
		"a whole line":               {[]string{"hello\n"}, "api  | hello\n"},
		"a line in pieces":           {[]string{"hel", "lo", "\nwor", "ld\n"}, "api  | hello\napi  | world\n"},
		"several lines at once":      {[]string{"a\nb\n\nc\n"}, "api  | a\napi  | b\napi  | \napi  | c\n"},
		"an end without a line feed": {[]string{"last line"}, "api  | last line\n"},
		"a carriage return":          {[]string{"a\r\n"}, "api  | a\n"},
		"nothing":                    {nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			lines := process.NewConsole(&out, 4).Lines("api")
			for _, text := range test.writes {
				if n, err := io.WriteString(lines, text); n != len(text) || err != nil {
					t.Fatalf("Write() = %d, %v, want %d, nil", n, err, len(text))
				}
			}
			lines.Flush()
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesWriteBreaksLongLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	lines := process.NewConsole(&out, 1).Lines("x")
	_, _ = io.WriteString(lines, strings.Repeat("a", 200_000))
	if got := strings.Count(out.String(), "a"); got < 190_000-65_536 {
		t.Errorf("characters written before the end of the line = %d, want %d or more of 200000", got, 190_000-65_536)
	}
}

func TestLinesWriteKeepsLinesWhole(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	console := process.NewConsole(&out, 2)
	var writers sync.WaitGroup
	for w := range 8 {
		name := fmt.Sprintf("w%d", w)
		lines := console.Lines(name)
		writers.Go(func() {
			for range 500 {
				_, _ = io.WriteString(lines, "line of ")
				_, _ = io.WriteString(lines, name+"\n")
			}
		})
	}
	writers.Wait()
	for line := range strings.Lines(out.String()) {
		name, _, _ := strings.Cut(line, " |")
		if line != name+" | line of "+name+"\n" {
			t.Fatalf("line = %q, want a whole one", line)
		}
	}
	if got := strings.Count(out.String(), "\n"); got != 4000 {
		t.Errorf("lines = %d, want 4000", got)
	}
}

func TestLinesWriteWithoutColoursToFiles(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	process.NewConsole(&out, 3).Lines("api").Printf("plain")
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("output = %q, want no colours", out.String())
	}
}
