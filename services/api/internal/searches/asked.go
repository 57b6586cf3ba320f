package searches

import (
	"encoding/json"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// form is the body of a search.
var form = submission.Form{Subject: "A search", SizeSubject: "A query", TooLargeCode: "query-too-large"}

// asked is what a client searches for, and where.
type asked struct {
	collection *collection.Collection
	query      query.Query
}

// readAsked reads {"collection": "tools", "query": "…", …}; the collection may be left out when there is only one.
func (d *Dialect) readAsked(c *gin.Context) (asked, error) {
	body, err := form.Read(c, d.options.UploadRate)
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
