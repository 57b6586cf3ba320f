package edge_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func newContext(t *testing.T, method string) *gin.Context {
	t.Helper()
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	return c
}

// The link to the console is added once, next to other links of the handler.
func TestSetOperationLinksToConsole(t *testing.T) {
	t.Parallel()
	op := &operation.Operation{ID: uuid.MustParse("01900000-0000-7000-8000-000000000001")}
	own := `<https://a.example>; rel="next"`
	link := `<https://console.example/base/operations/01900000-0000-7000-8000-000000000001>; rel="related"; title="console"`
	for name, tt := range map[string]struct {
		console string
		want    []string
	}{
		"console":    {"https://console.example/base", []string{own, link}},
		"no console": {"", []string{own}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newContext(t, http.MethodGet)
			c.Header("Link", own)
			edge.WithRequestInfo(c, tt.console)
			for range 2 {
				edge.SetOperation(c, op)
			}
			if got := c.Writer.Header().Values("Link"); !slices.Equal(got, tt.want) {
				t.Errorf("Link = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSetOperationAddsIDToLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := logging.New(&out, "api", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newContext(t, http.MethodGet)
	op := &operation.Operation{ID: uuid.New()}
	log.InfoContext(c.Request.Context(), "before")
	edge.SetOperation(c, op)
	log.InfoContext(c.Request.Context(), "after")
	before, after, _ := strings.Cut(out.String(), "\n")
	if strings.Contains(before, op.ID.String()) || !strings.Contains(after, `"operation":"`+op.ID.String()+`"`) {
		t.Errorf("log = %s, want the operation's id in the second line only", &out)
	}
}

func TestRequestInfoStartWait(t *testing.T) {
	t.Parallel()
	c := newContext(t, http.MethodPost)
	info := edge.WithRequestInfo(c, "")
	edge.LogOperation(c, uuid.New())
	edge.RequestInfoOf(c.Request.Context()).StartWait()
	first := info.WaitStarted
	edge.RequestInfoOf(c.Request.Context()).StartWait()
	if first.IsZero() || info.WaitStarted != first || time.Since(first) > time.Minute {
		t.Errorf("WaitStarted = %s after a second call, want %s", info.WaitStarted, first)
	}
	edge.RequestInfoOf(context.Background()).StartWait() // no panic without a RequestInfo
}
