package routes_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNoBodyKeepsAConnection announces a body to every route, sends its first byte and nothing else. Each is answered
// and its connection closed, whether the route reads the body, takes none, or refuses the request.
func TestNoBodyKeepsAConnection(t *testing.T) {
	t.Parallel()
	const limit = 10 * time.Second
	a := startAPI(t, map[string]string{"LONGSHORE_UPLOAD_GRACE": "1s", "LONGSHORE_AUTH": "on"})
	all, _ := a.newKey(t, nil)
	known := a.begin(t, all)
	var requests sync.WaitGroup
	free := make(chan struct{}, 30)
	for _, route := range a.everyRoute() {
		if route.Streaming { // it goes on while its operation does
			continue
		}
		for _, header := range []string{all, "X-None: 1"} {
			for _, framing := range []string{"Content-Length: 1000", "Transfer-Encoding: chunked"} {
				if header != all && route.Method == http.MethodHead {
					continue
				}
				name := route.Method + " " + route.Path + " " + strings.Fields(header)[0] + " " + framing
				free <- struct{}{}
				requests.Go(func() { // not a parallel subtest: each waits more than it works
					defer func() { <-free }()
					request := head(route.Method, pathOf(route, known), header, "Content-Type: application/json", framing) + "1"
					if err := answeredAndClosed(a.open(t, oneClient, request), route.Method, limit); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
		}
	}
	requests.Wait()
}

// answeredAndClosed returns an error unless the server answers and then closes the connection within the limit.
func answeredAndClosed(conn net.Conn, method string, limit time.Duration) error {
	begun := time.Now()
	if err := conn.SetReadDeadline(begun.Add(limit)); err != nil {
		return err
	}
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, &http.Request{Method: method})
	if err != nil {
		return fmt.Errorf("no answer within %s: %w", limit, err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	if _, err := reader.ReadByte(); err == nil || time.Since(begun) >= limit {
		return fmt.Errorf("status %d, and the connection was open after %s: %w", answer.StatusCode, time.Since(begun), err)
	}
	return nil
}
