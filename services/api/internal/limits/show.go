package limits

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/quota"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Handler serves GET /limits.
type Handler struct{ meters *Meters }

// NewHandler returns a Handler.
func NewHandler(m *Meters) *Handler { return &Handler{m} }

// Routes returns the route of the limits.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{{
		Method: http.MethodGet, Path: "/limits", Handler: h.show, Action: access.ReadOperations,
		Summary: "Returns the limits of your tenant and of your key, what is used of them, and when they begin anew.",
	}}
}

// document is a limit as clients see it.
type document struct {
	Limit int64 `json:"limit"`
	Used  int64 `json:"used"`
	Left  int64 `json:"left"`
	// ResetsAt is when a limit by day begins again; absent for others.
	ResetsAt *time.Time `json:"resets_at,omitempty"`
}

func (h *Handler) show(c *gin.Context) error {
	ctx := c.Request.Context()
	answer := gin.H{"tenant": gin.H{}}
	if a := quota.Of(ctx); a != nil {
		usedTenant, usedKey, err := h.meters.Used(ctx, *a)
		if err != nil {
			return err
		}
		ofTenant, ofKey, err := h.meters.Occupied(ctx, *a)
		if err != nil {
			return err
		}
		answer["tenant"] = documentsOf(a.OfTenant, usedTenant, ofTenant)
		if a.KeyID != "" {
			answer["key"] = documentsOf(a.OfKey, usedKey, ofKey)
		}
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, answer)
	return nil
}

func documentsOf(l quota.Limits, u quota.Usage, o store.Occupied) map[string]document {
	_, next := quota.Day(time.Now())
	all := make(map[string]document)
	for name, of := range map[string]struct {
		limit, used int64
		daily       bool
	}{
		"requests_per_day": {l.RequestsPerDay, u.Requests, true}, "bytes_per_day": {l.BytesPerDay, u.Bytes, true},
		"records_per_day": {l.RecordsPerDay, u.Records, true}, "concurrent_operations": {l.ConcurrentOperations, o.Unfinished, false},
		"queued_operations": {l.QueuedOperations, o.Waiting, false}, "staged_bytes": {l.StagedBytes, o.StagedBytes, false},
	} {
		if of.limit == 0 {
			continue
		}
		d := document{Limit: of.limit, Used: of.used, Left: max(0, of.limit-of.used)}
		if of.daily {
			d.ResetsAt = &next
		}
		all[name] = d
	}
	return all
}
