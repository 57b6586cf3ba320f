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

func TestLinesArePrefixed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		writes []string
		want   string
	}{
		"a whole line":               {[]string{"hello\n"}, "api  | hello\n"},
		"a line in pieces":           {[]string{"hel", "lo", "\nwor", "ld\n"}, "api  | hello\napi  | world\n"},
		"several lines at once":      {[]string{"a\nb\n\nc\n"}, "api  | a\napi  | b\napi  | \napi  | c\n"},
		"an end without a line feed": {[]string{"last words"}, "api  | last words\n"},
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
					t.Fatalf("Write: %d, %v", n, err)
				}
			}
			lines.Flush()
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLineWithoutEndIsBroken(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	lines := process.NewConsole(&out, 1).Lines("x")
	_, _ = io.WriteString(lines, strings.Repeat("a", 200_000))
	if shown := strings.Count(out.String(), "a"); shown < 190_000-65_536 {
		t.Errorf("%d of 200000 characters are shown before the line's end", shown)
	}
}

func TestLinesOfManyWritersStayWhole(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	console := process.NewConsole(&out, 2)
	var writers sync.WaitGroup
	for w := range 8 {
		name := fmt.Sprintf("w%d", w)
		lines := console.Lines(name)
		writers.Go(func() {
			for range 500 {
				_, _ = io.WriteString(lines, "says ")
				_, _ = io.WriteString(lines, name+"\n")
			}
		})
	}
	writers.Wait()
	for line := range strings.Lines(out.String()) {
		name, _, _ := strings.Cut(line, " |")
		if line != name+" | says "+name+"\n" {
			t.Fatalf("a mixed line: %q", line)
		}
	}
	if got := strings.Count(out.String(), "\n"); got != 4000 {
		t.Errorf("%d lines instead of 4000", got)
	}
}

func TestNoColoursBesideATerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	process.NewConsole(&out, 3).Lines("api").Printf("plain")
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("colours in %q", out.String())
	}
}
