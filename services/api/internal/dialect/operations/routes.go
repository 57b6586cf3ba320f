// Package operations speaks the dialect of Azure's long-running operations (seed 003): Operation-Location leads here, and every other
// dialect's clients can come here for what their own has no words for, such as the records by outcome.
package operations

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/pace"
)

// Monitor finds operations.
type Monitor interface {
	Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
}

// Store is what the dialect reads beside.
type Store interface {
	Rejections(ctx context.Context, id uuid.UUID, limit int, visit func(operation.Rejection) error) error
	Records(ctx context.Context, id uuid.UUID, outcome operation.Outcome, visit func(row int, received []byte) error) error
}

// Dialect answers in the words of Azure's guidelines.
type Dialect struct {
	monitor     Monitor
	store       Store
	collections *collection.Catalog
	addresses   edge.Addresses
	pacer       *pace.Pacer
}

// New makes the dialect.
func New(monitor Monitor, store Store, collections *collection.Catalog, addresses edge.Addresses, pacer *pace.Pacer) *Dialect {
	return &Dialect{monitor: monitor, store: store, collections: collections, addresses: addresses, pacer: pacer}
}

// Path is where an operation stands in this dialect.
func Path(op *operation.Operation) string { return "/operations/" + op.ID.String() }

// RecordsPath is where the records of an operation with an outcome are.
func RecordsPath(op *operation.Operation, outcome operation.Outcome) string {
	return Path(op) + "/records?outcome=" + outcome.String()
}

// Routes lists what the dialect answers.
func (d *Dialect) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodGet, Path: "/operations/:id", Handler: d.status,
			Summary: "Tell how an operation goes; poll it as Retry-After says.",
		},
		{
			Method: http.MethodGet, Path: "/status/:id", Handler: d.status,
			Summary: "The same, at the address of seed 003.",
		},
		{
			Method: http.MethodGet, Path: "/operations/:id/records", Handler: d.records,
			Summary: "Stream an operation's records by outcome=failed|created|updated|superseded|unprocessed, as NDJSON or, with format=csv, CSV.",
		},
	}
}

func (d *Dialect) status(c *gin.Context) error {
	op, err := d.find(c)
	if err != nil {
		return err
	}
	d.pacer.Hint(c.Request.Context(), c.Writer.Header(), op)
	link := d.addresses.Absolute(c.Request, RecordsPath(op, operation.Rejected))
	c.PureJSON(http.StatusOK, shapeMonitor(op, link))
	return nil
}

func (d *Dialect) find(c *gin.Context) (*operation.Operation, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such operation: its id is not a UUID. Use the address in the Operation-Location header of the 202 answer.")
	}
	return d.monitor.Find(c.Request.Context(), id)
}
