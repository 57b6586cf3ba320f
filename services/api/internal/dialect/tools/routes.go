// Package tools speaks the dialect of seed 000, the X-Force tools import: a task reference, a progress in percent as text, and at the
// end the number of imported records and the rejected records themselves.
package tools

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

// Monitor finds operations.
type Monitor interface {
	FindByReference(ctx context.Context, collection, reference string) (*operation.Operation, error)
}

// Store is what the dialect reads beside.
type Store interface {
	Rejections(ctx context.Context, id uuid.UUID, limit int, visit func(operation.Rejection) error) error
}

// Dialect answers in the words of seed 000.
type Dialect struct {
	monitor     Monitor
	store       Store
	collections *collection.Catalog
	addresses   edge.Addresses
	pacer       *retryafter.Estimator
	maxErrors   int
}

// New makes the dialect; maxErrors bounds the rejected records that one answer shows.
func New(monitor Monitor, store Store, collections *collection.Catalog, addresses edge.Addresses, pacer *retryafter.Estimator, maxErrors int) *Dialect {
	return &Dialect{monitor: monitor, store: store, collections: collections, addresses: addresses, pacer: pacer, maxErrors: maxErrors}
}

// Path is where an operation stands in this dialect.
func Path(op *operation.Operation) string {
	return "/api/" + op.Collection + "/import/status/" + op.Reference
}

// Routes lists what the dialect answers.
func (d *Dialect) Routes() []edge.Route {
	return []edge.Route{{
		Method: http.MethodGet, Path: "/api/:collection/import/status/:reference", Handler: d.status,
		Summary: "Tell how an import goes, by its task reference; at the end with the rejected records.",
	}}
}

func (d *Dialect) status(c *gin.Context) error {
	op, err := d.find(c, c.Param("collection"), c.Param("reference"))
	if err != nil {
		return err
	}
	d.pacer.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
	if !op.State.Terminal() {
		c.PureJSON(http.StatusOK, shapeUnfinished(op))
		return nil
	}
	rejected, err := d.shownErrors(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if failure := azure.FailureOf(op); failure != nil {
		c.Header("X-Ms-Error-Code", failure.Code)
	}
	link := d.addresses.Absolute(c.Request, azure.RecordsPath(op, operation.Rejected))
	return writeFinished(c, shapeFinished(op, rejected, link))
}

func (d *Dialect) find(c *gin.Context, collectionName, reference string) (*operation.Operation, error) {
	target, err := d.collections.Find(collectionName)
	if err != nil {
		return nil, err
	}
	if !operation.IsReference(reference) {
		return nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such import: a task reference is upper-case letters and digits. Use the one in the 202 answer.")
	}
	return edge.Found(c)(d.monitor.FindByReference(c.Request.Context(), target.Name, reference))
}
