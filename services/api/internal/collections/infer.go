package collections

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/infer"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// order is the body of POST /collections:infer.
type order struct {
	Table string   `json:"table"`
	Name  string   `json:"name"`
	Key   []string `json:"key"`
	// Store stores the proposal as a collection of the tenant.
	Store bool `json:"store"`
}

// form reads the body of POST /collections:infer.
var form = submission.Form{Subject: "An order", SizeSubject: "An order", TooLargeCode: "order-too-large"}

func (h *Handler) infer(c *gin.Context) error {
	body, err := form.Read(c, h.UploadRate)
	if err != nil {
		return err
	}
	var o order
	if err := submission.Decode(body, &o); err != nil {
		return fault.New(fault.Malformed, "malformed-order", `The body must be a JSON object with table, and perhaps name and key, such as {"table":"public.books"}.`).
			Because(err)
	}
	if _, err := collection.ParseTable(o.Table); err != nil {
		return fault.New(fault.Invalid, "invalid-table", "%s.", err.Error()).With("pointer", "/table")
	}
	if err := h.requireVisible(c.Request.Context(), o.Table); err != nil {
		return err
	}
	p, err := h.Store.InferCollection(c.Request.Context(), infer.Order{Table: o.Table, Name: o.Name, Key: o.Key, Role: roleIn(c.Request.Context())})
	if err != nil {
		return explain(o.Table, err)
	}
	if !o.Store {
		c.PureJSON(http.StatusOK, p)
		return nil
	}
	return h.storeProposal(c, p)
}

// explain returns the fault for a table that can't be imported into.
func explain(name string, err error) error {
	var ambiguous *infer.AmbiguousKeyError
	var noKey *infer.NoKeyError
	var unfit *infer.UnfitError
	var notFound *table.NotFoundError
	switch {
	case errors.As(err, &notFound):
		return fault.New(fault.NotFound, "table-not-found", "There is no table %s: %s.", name, notFound.Hint())
	case errors.Is(err, table.ErrNotFound):
		return tableNotFound(name)
	case errors.As(err, &ambiguous):
		return fault.New(fault.Conflict, "ambiguous-key", "%s.", edge.Capitalize(ambiguous.Error())).With("candidates", ambiguous.Candidates)
	case errors.As(err, &noKey):
		return fault.New(fault.Conflict, "no-key", "%s.", edge.Capitalize(noKey.Error()))
	case errors.As(err, &unfit):
		return fault.New(fault.Conflict, "table-not-supported", "%s.", edge.Capitalize(unfit.Error()))
	}
	return err
}

// storeProposal stores a proposal unless the tenant has a collection of that name.
func (h *Handler) storeProposal(c *gin.Context, p *infer.Proposal) error {
	if err := access.RequireCollection(c.Request.Context(), p.Name); err != nil {
		return err
	}
	order := h.order(c, p.Name)
	order.Definition, order.Allow = p.Collection, func(current store.CollectionVersion) error {
		if !current.Deleted() {
			return fault.New(fault.Conflict, "collection-exists", "There is already a collection called %q. Choose another name, or change it with PUT.", p.Name)
		}
		return nil
	}
	return h.store(c, order, p)
}
