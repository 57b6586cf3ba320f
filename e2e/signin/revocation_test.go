package signin_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestRevocation: when a key is revoked at one of two replicas, both refuse it within a second or so, and
// what is open ends: an event stream, a long poll, and the download of a file that its client reads slowly.
func TestRevocation(t *testing.T) {
	t.Parallel()
	const records = 100_000
	s := stack.Start(t, stack.Options{APIs: 2, Env: []string{"LONGSHORE_AUTH=on", "LONGSHORE_FIRST_KEY=" + firstKey}})
	id, key := newKey(t, s, firstKey, `{"bundle":"operator"}`)
	long := strings.Repeat("x", 300)
	runAs(t, s, key, "/api/tools/import", tool.NDJSON(records, func(n int) tool.Tool {
		one := tool.Numbered(n)
		one.Description = long
		return one
	}), "application/x-ndjson")
	report := runAs(t, s, key, "/start-report", []byte(`{"report":"records","collection":"tools","format":"ndjson"}`), "application/json")
	file := fmt.Sprintf("/reports/report-%d.ndjson", s.Number(`SELECT number FROM xforce.tasks WHERE task_id = $1`, report))
	ended := make(chan string, 3)
	begin := func(name, path string, headers ...string) {
		conn, answer := openStream(t, s, path, append(headers, "Authorization: Bearer "+key)...)
		go func() {
			_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
			n, err := io.Copy(io.Discard, answer)
			ended <- fmt.Sprintf("%s after %d bytes: %v", name, n, err)
		}()
	}
	release := s.BlockWrites("xforce.tools")
	defer release()
	blocked := post(t, s, firstKey, "/api/tools/import", tool.SampleJSON, "application/json")
	begin("the event stream", "/operations/"+blocked+"/events")
	begin("the long poll", "/operations/"+blocked, "Prefer: wait=60")
	download, content := openStream(t, s, file, "Authorization: Bearer "+key)
	if _, err := content.Peek(1000); err != nil {
		t.Fatal(err)
	}
	expect(t, "the revocation", send(t, s, http.MethodDelete, "/keys/"+id, firstKey, nil), http.StatusNoContent, "")
	revoked := time.Now()
	for range 2 {
		select {
		case what := <-ended:
			t.Logf("%s, %s after the revocation", what, time.Since(revoked).Round(time.Millisecond))
		case <-time.After(timeout):
			t.Fatal("a request with a revoked key is still open")
		}
	}
	refusals := 0
	await.Until(t, timeout, "the refusal by both replicas", func() bool {
		if send(t, s, http.MethodGet, "/me", key, nil).Status == http.StatusUnauthorized {
			refusals++
		} else {
			refusals = 0
		}
		return refusals == 20
	})
	t.Logf("both replicas refuse the key %s after the revocation", time.Since(revoked).Round(time.Millisecond))
	_ = download.SetReadDeadline(time.Now().Add(timeout)) // what the kernel has buffered still arrives
	n, err := io.Copy(io.Discard, content)
	if n > records*300 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the download has %d bytes and ends with %v, want an end before that of the file", n, err)
	}
	t.Logf("the download ended after %d bytes: %v", n, err)
}

// post starts an operation with a key, and returns its id.
func post(t *testing.T, s *stack.Stack, key, path string, content []byte, media string) (id string) {
	t.Helper()
	header := http.Header{"Authorization": {"Bearer " + key}}
	response, err := s.Client().Do(t.Context(), http.MethodPost, path, client.RequestBody{Type: media, Content: content, Header: header})
	if err != nil {
		t.Fatal(err)
	}
	_, id, found := strings.Cut(response.Header.Get("Operation-Location"), "/operations/")
	if !found {
		t.Fatalf("POST %s = %d %s, want an operation", path, response.Status, response.Body)
	}
	return id
}

// runAs starts an operation with a key and waits for its end.
func runAs(t *testing.T, s *stack.Stack, key, path string, content []byte, media string) (id string) {
	t.Helper()
	id = post(t, s, key, path, content, media)
	await.Until(t, time.Minute, "the operation", func() bool {
		return strings.Contains(string(send(t, s, http.MethodGet, "/operations/"+id, key, nil).Body), `"Succeeded"`)
	})
	return id
}

// openStream sends a GET on a connection of its own.
func openStream(t *testing.T, s *stack.Stack, path string, headers ...string) (net.Conn, *bufio.Reader) {
	t.Helper()
	address := strings.TrimPrefix(s.Client().Base(), "http://")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n\r\n", path, address, strings.Join(headers, "\r\n")); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}
