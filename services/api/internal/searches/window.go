package searches

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
)

// window is which of the found records are shown.
type window struct {
	offset int
	// limit 0 means all.
	limit int
}

// readWindow reads ?offset=200&limit=100, both optional.
func readWindow(c *gin.Context) (w window, err error) {
	if w.offset, err = readNumber(c, "offset", 0); err != nil {
		return w, err
	}
	w.limit, err = readNumber(c, "limit", 1)
	return w, err
}

func readNumber(c *gin.Context, name string, least int) (int, error) {
	text, given := c.GetQuery(name)
	if !given {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 31)
	if err != nil || int(n) < least {
		return 0, fault.New(fault.Malformed, "invalid-parameter", "%s must be a whole number from %d on.", name, least).With("parameter", name)
	}
	return int(n), nil
}

// next is the window behind this one, if the search has found more.
func (w window) next(found int) (window, bool) {
	behind := w.offset + w.limit
	return window{behind, w.limit}, w.limit > 0 && behind < found
}

// size is how many of the records that were found the window shows.
func (w window) size(found int) int {
	n := max(found-w.offset, 0)
	if w.limit > 0 {
		n = min(n, w.limit)
	}
	return n
}
