package searches

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// startForm is how the seed writes a time, always in GMT.
const startForm = "Mon Jan 02 15:04:05 GMT 2006"

// shape is the answer but for its records: the seed's members first, ours after.
type shape struct {
	Status string `json:"status"`
	// Progress is a number between 0 and 100.
	Progress  int    `json:"progress"`
	StartTime string `json:"start_time"`
	Links     []link `json:"links"`

	ID         string `json:"id"`
	Collection string `json:"collection"`
	Counts     counts `json:"counts"`
	// Expires is when the results of a finished search are gone.
	Expires *time.Time `json:"expires,omitempty"`
	// Error says why a search ended without success.
	Error *operation.Failure `json:"error,omitempty"`
}

// link leads somewhere: "status" to the search itself, "operation" to its monitor, "next" to the following records.
type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// counts are what the searcher tells; see its package hunt.
type counts struct {
	// Returned is how many records were found so far, Scanned how many were looked at.
	Returned int   `json:"returned"`
	Scanned  int64 `json:"scanned"`
	// Truncated: records were left out, because all of them together are too large.
	Truncated bool `json:"truncated"`
}

func countsOf(op *operation.Operation) counts {
	var n counts
	if len(op.Result) > 0 {
		_ = json.Unmarshal(op.Result, &n) // the searcher wrote it
	}
	return n
}

func (d *Dialect) shape(c *gin.Context, op *operation.Operation, w window) shape {
	address := func(path string) string { return d.Addresses.Absolute(c.Request, path) }
	s := shape{
		Status: Word(op.State), Progress: op.Percent(), StartTime: startTime(op), ID: op.ID.String(), Collection: op.Collection,
		Counts: countsOf(op), Error: azure.FailureOf(op),
		Links: []link{{"status", address(Path(op))}, {"operation", address(azure.Path(op))}},
	}
	if op.State.Terminal() && !op.ExpiresAt.IsZero() {
		s.Expires = &op.ExpiresAt
	}
	if next, more := w.next(s.Counts.Returned); more {
		query := "?offset=" + strconv.Itoa(next.offset) + "&limit=" + strconv.Itoa(next.limit)
		s.Links = append(s.Links, link{"next", address(Path(op)) + query})
	}
	return s
}

// startTime is when a searcher began or, before, when the search was accepted.
func startTime(op *operation.Operation) string {
	at := op.StartedAt
	if at.IsZero() {
		at = op.SealedAt
	}
	return at.UTC().Format(startForm)
}
