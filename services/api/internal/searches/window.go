package searches

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
)

// window selects the results that a response contains.
type window struct {
	offset int
	// limit 0 means all.
	limit int
}

// readWindow parses ?offset=200&limit=100, both optional.
func readWindow(c *gin.Context) (w window, err error) {
	if w.offset, err = readNumber(c, "offset", 0); err != nil {
		return w, err
	}
	w.limit, err = readNumber(c, "limit", 1)
	return w, err
}

func readNumber(c *gin.Context, name string, minimum int) (int, error) {
	text, given := c.GetQuery(name)
	if !given {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 31)
	if err != nil || int(n) < minimum {
		return 0, fault.New(fault.Malformed, "invalid-parameter", "%s must be a whole number from %d on.", name, minimum).With("parameter", name)
	}
	return int(n), nil
}

// next returns the window after this one, and whether the search has found records for it.
func (w window) next(found int) (window, bool) {
	end := w.offset + w.limit
	return window{end, w.limit}, w.limit > 0 && end < found
}

// size returns how many of the found records are in the window.
func (w window) size(found int) int {
	n := max(found-w.offset, 0)
	if w.limit > 0 {
		n = min(n, w.limit)
	}
	return n
}
