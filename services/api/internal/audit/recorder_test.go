package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/audit"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// TestRecordFailures: a request that fails is recorded if it was refused, has sent a part of what it reads,
// or may have changed something.
func TestRecordFailures(t *testing.T) {
	t.Parallel()
	var (
		refused     = fault.New(fault.Unauthenticated, "credential-invalid", "No.")
		unavailable = fault.New(fault.Unavailable, "database-unavailable", "Later.")
		notFound    = fault.New(fault.NotFound, "operation-not-found", "None.")
		sendPart    = func(c *gin.Context) { c.Status(http.StatusOK); _, _ = c.Writer.WriteString("part") }
		change      = func(c *gin.Context) { edge.RequestInfoOf(c.Request.Context()).Object = "made" }
		nothing     = func(*gin.Context) {}
	)
	for name, tt := range map[string]struct {
		method  string
		audited bool
		act     func(*gin.Context)
		err     error
		status  int // of the entry; 0 for none
	}{
		"download that ends early":      {http.MethodGet, true, sendPart, errors.New("the client left"), 200},
		"download that does not begin":  {http.MethodGet, true, nothing, notFound, 0},
		"poll that ends early":          {http.MethodGet, false, sendPart, unavailable, 0},
		"poll with a wrong key":         {http.MethodGet, false, nothing, refused, 401},
		"part of an upload":             {http.MethodPut, false, nothing, nil, 0},
		"part with a wrong key":         {http.MethodPut, false, nothing, refused, 401},
		"delete of unknown outcome":     {http.MethodDelete, false, nothing, unavailable, 503},
		"delete of nothing":             {http.MethodDelete, false, nothing, notFound, 0},
		"change that fails half-way":    {http.MethodPost, false, change, unavailable, 503},
		"import that is turned away":    {http.MethodPost, false, nothing, unavailable, 0},
		"change that succeeds entirely": {http.MethodPost, false, change, nil, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, storetest.NewDatabase(t), store.Options{Role: grants.API, MaxConns: 2})
			recorder := audit.NewRecorder(db, slog.New(slog.DiscardHandler))
			route := recorder.Record(edge.Route{Method: tt.method, Path: "/x", Action: access.CancelOperations, Audited: tt.audited, Handler: func(c *gin.Context) error {
				tt.act(c)
				return tt.err
			}})
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			c.Request = httptest.NewRequestWithContext(t.Context(), tt.method, "/x", http.NoBody)
			edge.WithRequestInfo(c, "")
			running, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { recorder.Run(running); close(done) }()
			if err := route.Handler(c); !errors.Is(err, tt.err) {
				t.Errorf("the handler returned %v, want %v", err, tt.err)
			}
			stop() // Run stores what still waits
			<-done
			entries, err := db.Audit(access.WithTenants(t.Context(), []string{access.DefaultTenant}), access.DefaultTenant, store.AuditFilter{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			status := 0
			for _, e := range entries {
				status = e.Status
			}
			if len(entries) > 1 || status != tt.status {
				t.Errorf("entries = %+v, want status %d (0 for none)", entries, tt.status)
			}
		})
	}
}
