package submission

import (
	"context"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// dispatchTimeout bounds how long a client waits for Redis. If it is exceeded, the janitor
// dispatches the operation from its state in Postgres.
const dispatchTimeout = 300 * time.Millisecond

// Dispatcher queues chunks. *SharedDispatcher implements it.
type Dispatcher interface {
	Dispatch(ctx context.Context, due job.Due) error
	// DispatchWhole queues the chunk of an import that has only one, perhaps in an entry with others.
	DispatchWhole(ctx context.Context, op *operation.Operation) error
}

// Dispatch records that the request accepted an operation, and enqueues its first jobs: the first
// chunk of every lane, or the split of a multipart upload.
func Dispatch(c *gin.Context, d Dispatcher, log *slog.Logger, op *operation.Operation) {
	edge.SetOperation(c, op)
	edge.RequestInfoOf(c.Request.Context()).Accepted = op
	ctx := withOwner(context.WithoutCancel(c.Request.Context()), edge.ClientOf(c.Request))
	ctx, cancel := context.WithTimeout(ctx, dispatchTimeout)
	defer cancel()
	ctx, span := tracing.Start(ctx, "dispatch")
	defer span.End()
	if err := dispatch(ctx, d, op); err != nil {
		tracing.Fail(span, err)
		log.WarnContext(ctx, "the operation was not queued; the janitor will dispatch it", slog.Any("error", err))
	}
}

func dispatch(ctx context.Context, d Dispatcher, op *operation.Operation) error {
	if op.Kind == operation.Import && op.Chunks == 1 {
		return d.DispatchWhole(ctx, op)
	}
	for _, due := range job.FirstDue(op.Kind, op.ID, op.Lanes, op.Chunks) {
		if err := d.Dispatch(ctx, due); err != nil {
			return err
		}
	}
	return nil
}
