package submission

import (
	"context"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// dispatchTimeout is what ringing the bell may cost a client. If Redis takes longer, the janitor does it from what Postgres says.
const dispatchTimeout = 300 * time.Millisecond

// Dispatcher puts a chunk into the queue.
type Dispatcher interface {
	Dispatch(ctx context.Context, kind job.Kind, c job.Chunk, g queue.Generation) error
}

// Dispatch tells of an operation that the request began just now: it is noted in the request's story, and what is due first is queued, which
// is the first chunk of every lane, or the splitting of an upload in pieces.
func Dispatch(c *gin.Context, d Dispatcher, log *slog.Logger, op *operation.Operation) {
	edge.SetOperation(c, op)
	edge.RequestInfoOf(c.Request.Context()).Accepted = op
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), dispatchTimeout)
	defer cancel()
	for _, seq := range firstDue(op) {
		chunk := job.Chunk{OperationID: op.ID, Seq: seq}
		if err := d.Dispatch(ctx, job.KindOf(op.Kind, seq), chunk, queue.FirstDispatch); err != nil {
			log.WarnContext(ctx, "the queue does not answer; the janitor will dispatch", slog.Any("error", err))
			return
		}
	}
}

func firstDue(op *operation.Operation) []int {
	if op.Chunks == 0 {
		return []int{job.SplitSeq}
	}
	seqs := make([]int, min(op.Lanes, op.Chunks))
	for i := range seqs {
		seqs[i] = i
	}
	return seqs
}
