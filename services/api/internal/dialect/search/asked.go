package search

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/services/api/internal/patience"
)

// maxQueryBytes bounds the body of a search: what a filter may hold, and its members' names.
const maxQueryBytes = 256 << 10

// asked is what a client searches for, and where.
type asked struct {
	collection *collection.Collection
	query      query.Query
}

// readAsked reads {"collection": "tools", "query": "…", …}; the collection may be left out when there is only one.
func (d *Dialect) readAsked(c *gin.Context) (asked, error) {
	if err := checkMedia(c); err != nil {
		return asked{}, err
	}
	body, err := d.readBody(c)
	if err != nil {
		return asked{}, err
	}
	target, rest, err := d.takeCollection(body)
	if err != nil {
		return asked{}, err
	}
	q, err := query.Read(rest, target, d.options.MaxLimit)
	return asked{target, q}, err
}

// checkMedia takes JSON, which also who says nothing means.
func checkMedia(c *gin.Context) error {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if c.GetHeader("Content-Type") != "" && (err != nil || media != "application/json" && !strings.HasSuffix(media, "+json")) {
		return fault.New(fault.UnsupportedMedia, "unsupported-media-type", "A search is sent as application/json.")
	}
	if coding := c.GetHeader("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		c.Header("Accept-Encoding", "identity") // RFC 9110 section 12.5.3: what a 415 would have liked
		return fault.New(fault.UnsupportedMedia, "unsupported-content-encoding", "A search is sent without a content coding.")
	}
	return nil
}

func (d *Dialect) readBody(c *gin.Context) ([]byte, error) {
	paced := patience.NewBody(c.Writer, c.Request, d.options.Patience)
	body, err := io.ReadAll(io.LimitReader(paced, maxQueryBytes+1))
	paced.Rest()
	if err != nil {
		return nil, fmt.Errorf("reading a query: %w", err)
	}
	if len(body) > maxQueryBytes {
		return nil, fault.New(fault.TooLarge, "query-too-large", "A query has at most %d bytes.", maxQueryBytes).With("limit", maxQueryBytes)
	}
	return body, nil
}

// takeCollection takes the collection out of the body; the rest is the query's.
func (d *Dialect) takeCollection(body []byte) (*collection.Collection, []byte, error) {
	named, rest, err := query.Without(body, "collection")
	if err != nil {
		return nil, nil, err
	}
	target, err := d.chosen(named)
	return target, rest, err
}

// chosen is the collection of that name, or the only one there is.
func (d *Dialect) chosen(named []byte) (*collection.Collection, error) {
	names := d.Collections.Names()
	var name string
	switch {
	case named != nil:
		if err := json.Unmarshal(named, &name); err != nil {
			return nil, fault.New(fault.Malformed, "malformed-query", "collection must be a string.").With("collections", names)
		}
	case len(names) == 1:
		name = names[0]
	default:
		return nil, fault.New(fault.Invalid, "invalid-query", "collection must name one of the collections: %s.", strings.Join(names, ", ")).
			With("collections", names)
	}
	if target, ok := d.Collections.Get(name); ok {
		return target, nil
	}
	return nil, fault.New(fault.Invalid, "invalid-query", "There is no collection called %q. There are %s.",
		strings.ToValidUTF8(name, "\uFFFD"), strings.Join(names, ", ")).With("collections", names)
}
