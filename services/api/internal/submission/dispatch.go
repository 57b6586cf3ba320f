package submission

import (
	"context"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// dispatchTimeout bounds how long a client waits for Redis. If it is exceeded, the janitor
// dispatches the operation from its state in Postgres.
const dispatchTimeout = 300 * time.Millisecond

// Dispatcher enqueues a chunk.
type Dispatcher interface {
	Dispatch(ctx context.Context, kind job.Kind, c job.Chunk, g queue.Generation) error
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
	for _, due := range job.FirstDue(op.Kind, op.ID, op.Lanes, op.Chunks) {
		if err := d.Dispatch(ctx, due.Kind, due.Chunk, queue.FirstDispatch); err != nil {
			tracing.Fail(span, err)
			log.WarnContext(ctx, "the operation was not queued; the janitor will dispatch it", slog.Any("error", err))
			return
		}
	}
}
