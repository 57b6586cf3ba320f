package routes_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
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
	for _, route := range a.everyRoute() {
		if route.Streaming { // it goes on while its operation does
			continue
		}
		for _, header := range []string{all, "X-None: 1"} {
			for _, framing := range []string{"Content-Length: 1000", "Transfer-Encoding: chunked"} {
				if header != all && route.Method == http.MethodHead {
					continue
				}
				t.Run(route.Method+" "+route.Path+" "+strings.Fields(header)[0]+" "+framing, func(t *testing.T) {
					t.Parallel()
					begun := time.Now()
					conn := a.open(t, oneClient, head(route.Method, pathOf(route, known), header, "Content-Type: application/json", framing)+"1")
					if err := conn.SetReadDeadline(begun.Add(limit)); err != nil {
						t.Fatal(err)
					}
					reader := bufio.NewReader(conn)
					answer, err := http.ReadResponse(reader, &http.Request{Method: route.Method})
					if err != nil {
						t.Fatalf("no answer within %s: %v", limit, err)
					}
					_, _ = io.Copy(io.Discard, answer.Body)
					_ = answer.Body.Close()
					if _, err := reader.ReadByte(); err == nil || time.Since(begun) >= limit {
						t.Errorf("status %d, and the connection was open after %s: %v", answer.StatusCode, time.Since(begun), err)
					}
				})
			}
		}
	}
}
