package imports

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tools"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Answers writes the 202 of imports, however their body came.
type Answers struct {
	Addresses edge.Addresses
	Pacer     *retryafter.Estimator
	Watcher   submission.Watcher
}

// accepted is the body of the 202: the seed's two members, and what else a client can use at once.
type accepted struct {
	TaskReference string `json:"task_reference"`
	Status        string `json:"status"`
	ID            string `json:"id"`
	TotalRecords  int    `json:"total_records"`
	// Delimiter echoes the guess about a CSV body.
	Delimiter string `json:"csv_delimiter,omitempty"`
}

// Accepted waits for the end as long as the client prefers, and answers 202 in any case. The delimiter of a CSV body may be empty.
func (a Answers) Accepted(c *gin.Context, op *operation.Operation, wait time.Duration, delimiter string) {
	edge.SetOperation(c, op)
	ctx, header := c.Request.Context(), c.Writer.Header()
	op = submission.Await(ctx, a.Watcher, header, op, wait)
	c.Header("Operation-Location", a.Addresses.Absolute(c.Request, azure.Path(op)))
	c.Header("Location", a.Addresses.Absolute(c.Request, tools.Path(op)))
	a.Pacer.SetHeaders(ctx, header, op)
	c.PureJSON(http.StatusAccepted, accepted{
		TaskReference: op.Reference,
		Status:        tools.Word(op.State),
		ID:            op.ID.String(),
		TotalRecords:  op.Counts.Total,
		Delimiter:     delimiter,
	})
}
