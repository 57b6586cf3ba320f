package google

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// The sizes of a page. As AIP-158 requires, 0 means the default, and the maximum replaces a larger
// size.
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// listed is google.longrunning.ListOperationsResponse.
type listed struct {
	Operations []longrunning `json:"operations"`
	// Next is empty on the last page.
	Next string `json:"nextPageToken"`
}

// list responds with a page of operations, the latest first.
func (d *Dialect) list(c *gin.Context) error {
	size, err := readPageSize(queryEither(c, "pageSize", "page_size"))
	if err != nil {
		return err
	}
	filter, err := parseFilter(c.Query("filter"))
	if err != nil {
		return err
	}
	var found monitor.Page
	if !filter.empty {
		filter.Limit = size
		if found, err = d.Monitor.Page(c.Request.Context(), filter.Filter, queryEither(c, "pageToken", "page_token")); err != nil {
			return err
		}
	}
	response := listed{Operations: make([]longrunning, len(found.Operations)), Next: found.Next}
	for i, op := range found.Operations {
		response.Operations[i] = d.newOperation(c, op)
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, response)
	return nil
}

// queryEither returns a parameter by its name in JSON or in the proto, because clients use both.
func queryEither(c *gin.Context, name, protoName string) string {
	return c.DefaultQuery(name, c.Query(protoName))
}

func readPageSize(text string) (int, error) {
	if text == "" {
		return defaultPageSize, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	switch {
	case err != nil || n < 0:
		return 0, fault.New(fault.Malformed, "invalid-parameter", "pageSize must be a whole number and not negative; 0 means %d.", defaultPageSize).
			With("parameter", "pageSize")
	case n == 0:
		return defaultPageSize, nil
	default:
		return int(min(n, maxPageSize)), nil
	}
}
