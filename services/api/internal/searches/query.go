package searches

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// form describes the body of a search to error messages.
var form = submission.Form{Subject: "A search", SizeSubject: "A query", TooLargeCode: "query-too-large"}

// request is what a client searches for, and in which collection.
type request struct {
	collection *collection.Collection
	query      query.Query
}

// readRequest parses a body such as {"collection": "tools", "query": "…"}. The collection may be
// left out if there is only one.
func (h *Handler) readRequest(c *gin.Context) (request, error) {
	body, err := form.Read(c, h.Options.UploadRate)
	if err != nil {
		return request{}, err
	}
	name, rest, err := query.ExtractMember(body, "collection")
	if err != nil {
		return request{}, err
	}
	target, err := h.findCollection(c.Request.Context(), name)
	if err != nil {
		return request{}, err
	}
	q, err := query.Parse(rest, target, h.Options.MaxLimit)
	return request{target, q}, err
}

// findCollection returns the collection that a JSON string names. If the member is absent (nil), it
// returns the only collection.
func (h *Handler) findCollection(ctx context.Context, member []byte) (*collection.Collection, error) {
	names := edge.CollectionNames(ctx, h.Collections)
	var name string
	switch {
	case member != nil:
		if err := json.Unmarshal(member, &name); err != nil {
			return nil, fault.New(fault.Malformed, "malformed-query", "collection must be a string.").With("collections", names)
		}
	case len(names) == 1:
		name = names[0]
	default:
		return nil, fault.New(fault.Invalid, "invalid-query", "collection must name one of the collections: %s.", strings.Join(names, ", ")).
			With("collections", names)
	}
	if err := access.RequireCollection(ctx, name); err != nil {
		return nil, err
	}
	if target, ok := h.Collections.Get(edge.Tenant(ctx), name); ok {
		return target, target.Require(collection.Search)
	}
	return nil, fault.New(fault.Invalid, "invalid-query", "There is no collection called %q. There are %s.",
		strings.ToValidUTF8(name, "\uFFFD"), strings.Join(names, ", ")).With("collections", names)
}
