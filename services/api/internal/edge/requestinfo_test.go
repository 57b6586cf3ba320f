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

// An answer about an operation leads to its page, once, beside whatever else it links to; without a console nothing does.
func TestAnAnswerLeadsToTheConsole(t *testing.T) {
	t.Parallel()
	op := &operation.Operation{ID: uuid.MustParse("01900000-0000-7000-8000-000000000001")}
	own := `<https://a.example>; rel="next"`
	link := `<https://console.example/base/operations/01900000-0000-7000-8000-000000000001>; rel="related"; title="console"`
	for name, tt := range map[string]struct {
		console string
		want    []string
	}{
		"a console":  {"https://console.example/base", []string{own, link}},
		"no console": {"", []string{own}},
	} {
		c := newContext(t, http.MethodGet)
		c.Header("Link", own)
		edge.WithRequestInfo(c, tt.console)
		for range 2 {
			edge.SetOperation(c, op)
		}
		if got := c.Writer.Header().Values("Link"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What is logged after an operation is known carries its id, also in the functions that are called with the request's context.
func TestTheLogCarriesTheOperation(t *testing.T) {
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
		t.Errorf("the log says %s", &out)
	}
}

func TestAStoryIsTheRequestsOwn(t *testing.T) {
	t.Parallel()
	c := newContext(t, http.MethodPost)
	story := edge.WithRequestInfo(c, "")
	edge.LogOperation(c, uuid.New())
	edge.RequestInfoOf(c.Request.Context()).StartWait()
	first := story.WaitStarted
	edge.RequestInfoOf(c.Request.Context()).StartWait()
	if first.IsZero() || story.WaitStarted != first || time.Since(first) > time.Minute {
		t.Errorf("it waits from %s, and then from %s", first, story.WaitStarted)
	}
	edge.RequestInfoOf(context.Background()).StartWait() // nobody tells it
}
