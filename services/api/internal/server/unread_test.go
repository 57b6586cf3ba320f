package server

import (
	"bufio"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// TestServerAnswersUnreadBody: a response does not wait for the rest of a body that the handler did not
// read and the client does not send.
func TestServerAnswersUnreadBody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		handle edge.Handler
		status int
	}{
		"refused": {func(*gin.Context) error { return fault.New(fault.Conflict, "no", "No.") }, http.StatusConflict},
		"served": {func(c *gin.Context) error {
			c.String(http.StatusOK, "ok")
			return nil
		}, http.StatusOK},
	} {
		for _, length := range []string{"Content-Length: 4", "Transfer-Encoding: chunked"} {
			t.Run(name+" "+length, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client, results := connectMeasured(t, metrics.NewRequests(), tt.handle)
					send(t, client, "POST /thing HTTP/1.1\r\nHost: localhost\r\n"+length+"\r\n\r\n3")
					started := time.Now()
					<-results
					response, err := http.ReadResponse(bufio.NewReader(client), nil)
					if err != nil {
						t.Fatal(err)
					}
					if waited := time.Since(started); response.StatusCode != tt.status || waited > 2*discardTimeout {
						t.Errorf("status = %d after %s, want %d within %s", response.StatusCode, waited, tt.status, 2*discardTimeout)
					}
				})
			})
		}
	}
}
