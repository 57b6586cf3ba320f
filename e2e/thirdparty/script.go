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

// maxLine is the maximum size of a line of output: a response with some thousand records.
const maxLine = 64 << 20

// Script is a running script. Its methods must be called by one goroutine.
type Script struct {
	name   string
	lines  *bufio.Scanner
	stderr bytes.Buffer // complete when lines has ended
}

// Start runs a script of this folder with node until the end of the test. The input is passed as JSON.
func Start(tb testing.TB, name string, input any) *Script {
	tb.Helper()
	node, err := thirdparty.Find("node")
	require(tb, err)
	stdin, err := json.Marshal(input)
	if err != nil {
		tb.Fatalf("encoding the input of %s: %v", name, err)
	}
	s := &Script{name: name}
	output, pipe := io.Pipe()
	child, err := process.Start(process.Command{
		Args: []string{node, name}, Dir: folder(tb), Stdin: bytes.NewReader(stdin), Stdout: pipe, Stderr: &s.stderr,
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.lines = bufio.NewScanner(output)
	s.lines.Buffer(nil, maxLine)
	ctx, cancel := context.WithTimeout(context.Background(), runTimeout)
	context.AfterFunc(ctx, func() { _ = child.Kill() })
	go func() {
		<-child.Done()
		_ = pipe.CloseWithError(child.Err())
	}()
	tb.Cleanup(func() {
		_ = output.Close() // so that a blocked write of the script ends
		cancel()
		<-child.Done()
	})
	return s
}

// Next reads the next line of output. It returns false after the last line, and an error with the
// script's standard error if the script failed.
func (s *Script) Next(into any) (bool, error) {
	if !s.lines.Scan() {
		if err := s.lines.Err(); err != nil {
			return false, fmt.Errorf("%s exited with %w: %s", s.name, err, s.stderr.Bytes())
		}
		return false, nil
	}
	if err := json.Unmarshal(s.lines.Bytes(), into); err != nil {
		return false, fmt.Errorf("reading the output %q of %s: %w", s.lines.Bytes(), s.name, err)
	}
	return true, nil
}

// ReadOne reads the output of a script that writes one line.
func (s *Script) ReadOne(tb testing.TB, into any) {
	tb.Helper()
	found, err := s.Next(into)
	if err == nil && !found {
		err = fmt.Errorf("%s exited without output", s.name)
	}
	if err != nil {
		tb.Fatal(err)
	}
}
