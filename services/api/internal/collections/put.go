package collections

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/precondition"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/definition"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// maxDefinition bounds a definition, in bytes.
const maxDefinition = 4 << 20

// definitionForm reads the body of PUT /collections/{name}.
var definitionForm = submission.Form{
	Subject: "A collection", SizeSubject: "A collection", TooLargeCode: "collection-too-large", MaxBytes: maxDefinition,
}

// put stores a collection of the tenant: 201 if the tenant had none of the name, 200 otherwise. ?check=false stores
// it also if it does not fit its table.
func (h *Handler) put(c *gin.Context) error {
	if err := access.RequireCollection(c.Request.Context(), c.Param("collection")); err != nil {
		return err
	}
	order := h.order(c, c.Param("collection"))
	var err error
	if order.Unchecked, err = unchecked(c.Query("check")); err != nil {
		return err
	}
	if order.Definition, err = definitionForm.Read(c, h.UploadRate); err != nil {
		return err
	}
	for _, table := range tablesOf(order.Definition) {
		if err := h.requireVisible(c.Request.Context(), table); err != nil {
			return err
		}
	}
	return h.store(c, order, nil)
}

// unchecked reads the parameter check.
func unchecked(check string) (bool, error) {
	switch check {
	case "", "true":
		return false, nil
	case "false":
		return true, nil
	}
	return false, fault.New(fault.Malformed, "invalid-check", "check must be true or false.")
}

// order returns an order of the principal of the request. It is carried out only if the preconditions of the request
// hold.
func (h *Handler) order(c *gin.Context, name string) definition.Order {
	ctx := c.Request.Context()
	order := definition.Order{Tenant: edge.Tenant(ctx), Name: name, CreatedBy: "unknown", Allow: allow(precondition.Of(ctx))}
	if p := access.Of(ctx); p != nil {
		order.CreatedBy = string(p.Kind) + " " + p.ID
	}
	return order
}

// allow returns the check of the condition of a request. The tag of a collection is its version.
func allow(condition precondition.Condition) func(store.CollectionVersion) error {
	return func(current store.CollectionVersion) error {
		err := condition.Check(precondition.State{Tag: tagOf(current.Version), Modified: current.CreatedAt, Absent: current.Deleted()})
		if err == nil {
			return nil
		}
		return fault.New(fault.Changed, "collection-changed", "The collection is not in the version that the request means. Read it again.").
			With("version", current.Version)
	}
}

func tagOf(version int64) string { return strconv.FormatInt(version, 10) }

func etag(version int64) string { return `"` + tagOf(version) + `"` }

// setETag sets the entity tag of a version, if the collection is stored.
func setETag(c *gin.Context, version int64) {
	if version > 0 {
		c.Header("ETag", etag(version))
	}
}

// store carries out an order and answers with answer, or if that is nil with the collection.
func (h *Handler) store(c *gin.Context, order definition.Order, answer any) error {
	ctx := c.Request.Context()
	status, allow := http.StatusOK, order.Allow
	order.Allow = func(current store.CollectionVersion) error {
		if current.Deleted() {
			status = http.StatusCreated
		}
		return allow(current)
	}
	stored, _, err := definition.Put(ctx, h.Store, order)
	if err != nil {
		return err
	}
	h.refresh(ctx)
	setETag(c, stored.Version)
	if answer == nil {
		parsed, err := catalog.Parse(stored)
		if err != nil {
			return err
		}
		document := h.newDocument(parsed, order.Tenant)
		document.Shared = false
		answer = document
	}
	c.Header("Location", web.Path(c.Request, "/collections/"+order.Name))
	c.PureJSON(status, answer)
	return nil
}

// remove deletes a collection of the tenant.
func (h *Handler) remove(c *gin.Context) error {
	ctx, name := c.Request.Context(), c.Param("collection")
	found, err := edge.Collection(c, h.Collections)
	if err != nil {
		return err
	}
	if found.Version == 0 || !h.Collections.Owns(edge.Tenant(ctx), name) {
		return sharedError(found)
	}
	if err := definition.Delete(ctx, h.Store, h.order(c, name)); err != nil {
		return err
	}
	h.refresh(ctx)
	c.Status(http.StatusNoContent)
	return nil
}

// refresh lets this api see a change at once. The change is stored already, so that an error is no reason to refuse the
// request: every api reads the change within a second.
func (h *Handler) refresh(ctx context.Context) {
	_ = h.Refresh(ctx)
}

// sharedError returns the fault for deleting a collection that is not the tenant's own.
func sharedError(c *collection.Collection) error {
	if c.Version == 0 {
		return fault.New(fault.Conflict, "collection-shared",
			"The collection %q comes with Longshore. An operator can leave it out with LONGSHORE_SHIPPED_COLLECTIONS=false.", c.Name)
	}
	return fault.New(fault.Conflict, "collection-shared",
		"The collection %q is used by all tenants. An operator can delete its file and run api collections apply with --prune.", c.Name)
}
