package dialect_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

var id = uuid.MustParse("01900000-0000-7000-8000-000000000001")

// finder has one operation, and records by which method it was found.
type finder struct{ method string }

func (f *finder) Find(_ context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	f.method = "Find"
	return f.find(wanted)
}

func (f *finder) Peek(_ context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	f.method = "Peek"
	return f.find(wanted)
}

func (f *finder) find(wanted uuid.UUID) (*operation.Operation, error) {
	if wanted != id {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
	}
	return &operation.Operation{ID: id}, nil
}

func TestFind(t *testing.T) {
	t.Parallel()
	const link = `<https://console.example/operations/01900000-0000-7000-8000-000000000001>; rel="related"; title="console"`
	for name, tt := range map[string]struct {
		method, text       string
		finderMethod, link string
		notFound           bool
	}{
		"GET":       {method: http.MethodGet, text: id.String(), finderMethod: "Find", link: link},
		"HEAD":      {method: http.MethodHead, text: id.String(), finderMethod: "Peek", link: link},
		"DELETE":    {method: http.MethodDelete, text: id.String(), finderMethod: "Find", link: link},
		"not found": {method: http.MethodGet, text: uuid.NewString(), finderMethod: "Find", notFound: true},
		"no UUID":   {method: http.MethodGet, text: "7", notFound: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			c.Request = httptest.NewRequestWithContext(t.Context(), tt.method, "/", nil)
			edge.WithRequestInfo(c, "https://console.example")
			f := &finder{}
			op, err := dialect.Find(c, f, tt.text)
			if fault.Is(err, fault.NotFound) != tt.notFound {
				t.Errorf("Find() error = %v, want not found: %t", err, tt.notFound)
			}
			if (op != nil) == tt.notFound {
				t.Errorf("Find() = %v, want not found: %t", op, tt.notFound)
			}
			if f.method != tt.finderMethod {
				t.Errorf("finder method = %q, want %q", f.method, tt.finderMethod)
			}
			if got := c.Writer.Header().Get("Link"); got != tt.link {
				t.Errorf("Link = %q, want %q", got, tt.link)
			}
		})
	}
}
