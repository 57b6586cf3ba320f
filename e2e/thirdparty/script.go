package thirdparty

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/thirdparty"
)

// longestLine bounds a line of a script: an answer with some thousand records in it.
const longestLine = 64 << 20

// Script is a script that runs. Its methods are for one goroutine.
type Script struct {
	name  string
	lines *bufio.Scanner
	said  bytes.Buffer // its standard error; complete once the lines have ended
}

// Start starts a script of this folder with node, on a wish that it understands. It is stopped when the test ends.
func Start(tb testing.TB, name string, wish any) *Script {
	tb.Helper()
	node, err := thirdparty.Find("node")
	must(tb, err)
	input, err := json.Marshal(wish)
	if err != nil {
		tb.Fatalf("writing the wish for %s: %v", name, err)
	}
	s := &Script{name: name}
	output, pipe := io.Pipe()
	child, err := process.Start(process.Command{
		Args: []string{node, name}, Dir: folder(tb), Stdin: bytes.NewReader(input), Stdout: pipe, Stderr: &s.said,
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.lines = bufio.NewScanner(output)
	s.lines.Buffer(nil, longestLine)
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	context.AfterFunc(ctx, func() { _ = child.Kill() })
	go func() {
		<-child.Done()
		_ = pipe.CloseWithError(child.Err())
	}()
	tb.Cleanup(func() {
		_ = output.Close() // or else it could not write its end
		cancel()
		<-child.Done()
	})
	return s
}

// Next reads the script's next line, and reports whether there was one. That the script failed is an error, with what it said.
func (s *Script) Next(into any) (bool, error) {
	if !s.lines.Scan() {
		if err := s.lines.Err(); err != nil {
			return false, fmt.Errorf("%s ended with %w: %s", s.name, err, s.said.Bytes())
		}
		return false, nil
	}
	if err := json.Unmarshal(s.lines.Bytes(), into); err != nil {
		return false, fmt.Errorf("reading %q of %s: %w", s.lines.Bytes(), s.name, err)
	}
	return true, nil
}

// ReadOne reads the one line of a script that has one.
func (s *Script) ReadOne(tb testing.TB, into any) {
	tb.Helper()
	found, err := s.Next(into)
	if err == nil && !found {
		err = fmt.Errorf("%s ended without an answer", s.name)
	}
	if err != nil {
		tb.Fatal(err)
	}
}
