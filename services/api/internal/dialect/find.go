package dialect

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Finder finds operations by id: Find counts as a poll, Peek does not. *monitor.Monitor implements
// it.
type Finder interface {
	Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
}

// Find finds the operation that a request is about by its id in the path. A HEAD does not count as
// a poll.
func Find(c *gin.Context, finder Finder, text string) (*operation.Operation, error) {
	id, err := operation.ParseID(text)
	if err != nil {
		return nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such operation: its id is not a UUID. Use the address in the Operation-Location header of the 202 answer.")
	}
	find := finder.Find
	if c.Request.Method == http.MethodHead {
		find = finder.Peek
	}
	op, err := find(c.Request.Context(), id)
	if err != nil {
		return nil, err
	}
	edge.SetOperation(c, op)
	return op, nil
}
