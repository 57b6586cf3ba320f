package searches

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
)

// startTimeLayout is the format of start_time in seed 001, always in GMT.
const startTimeLayout = "Mon Jan 02 15:04:05 GMT 2006"

// document is the response without its records: the members of seed 001, then Longshore's own.
type document struct {
	Status string `json:"status"`
	// Progress is a percentage.
	Progress  int    `json:"progress"`
	StartTime string `json:"start_time"`
	Links     []link `json:"links"`

	ID         string `json:"id"`
	Collection string `json:"collection"`
	Counts     counts `json:"counts"`
	// Expires is when the results of a finished search are deleted.
	Expires *time.Time `json:"expires,omitempty"`
	// Error is why a search ended without success.
	Error *operation.Failure `json:"error,omitempty"`
}

// link is an address: "status" of the search itself, "operation" of its status monitor, "next" of
// the following records.
type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// counts are the numbers that the searcher stores as the result of a search.
type counts struct {
	// Returned is the number of records found so far, Scanned the number of records read.
	Returned int   `json:"returned"`
	Scanned  int64 `json:"scanned"`
	// Truncated is true if records were left out because all of them together are too large.
	Truncated bool `json:"truncated"`
}

func countsOf(op *operation.Operation) counts {
	var n counts
	if len(op.Result) > 0 {
		_ = json.Unmarshal(op.Result, &n) // the searcher wrote it
	}
	return n
}

func (h *Handler) newDocument(c *gin.Context, op *operation.Operation, w window) document {
	absolute := func(path string) string { return h.Addresses.Absolute(c.Request, path) }
	d := document{
		Status: Word(op.State), Progress: op.Percent(), StartTime: startTime(op), ID: op.ShownID().String(), Collection: op.Collection,
		Counts: countsOf(op), Error: dialect.FailureOf(op),
		Links: []link{{"status", absolute(dialect.SearchPath(op))}, {"operation", absolute(dialect.OperationPath(op))}},
	}
	if op.State.Terminal() && !op.ExpiresAt.IsZero() {
		d.Expires = &op.ExpiresAt
	}
	if next, more := w.next(d.Counts.Returned); more {
		query := "?offset=" + strconv.Itoa(next.offset) + "&limit=" + strconv.Itoa(next.limit)
		d.Links = append(d.Links, link{"next", absolute(dialect.SearchPath(op)) + query})
	}
	return d
}

// startTime returns when a searcher started the search; before that, when it was accepted.
func startTime(op *operation.Operation) string {
	start := op.StartedAt
	if start.IsZero() {
		start = op.SealedAt
	}
	return start.UTC().Format(startTimeLayout)
}
