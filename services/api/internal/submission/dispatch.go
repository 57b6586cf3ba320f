package submission

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/task"
)

// dispatchBudget is what ringing the bell may cost a client. If Redis takes longer, the janitor does it from what Postgres says.
const dispatchBudget = 300 * time.Millisecond

// Dispatcher puts a chunk into the queue.
type Dispatcher interface {
	Dispatch(ctx context.Context, kind task.Kind, c task.Chunk, g queue.Generation) error
}

// Dispatch queues what is due first of an operation that was just accepted: the first chunk of every lane, or the splitting of an
// upload in pieces.
func Dispatch(ctx context.Context, d Dispatcher, log *slog.Logger, op *operation.Operation) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dispatchBudget)
	defer cancel()
	for _, seq := range firstDue(op) {
		chunk := task.Chunk{TaskID: op.ID, Seq: seq}
		if err := d.Dispatch(ctx, task.KindOf(op.Kind, seq), chunk, queue.FirstDispatch); err != nil {
			log.Warn("the queue does not answer; the janitor will dispatch",
				slog.Any("error", err), slog.String("operation", op.ID.String()))
			return
		}
	}
}

func firstDue(op *operation.Operation) []int {
	if op.Chunks == 0 {
		return []int{task.SplitSeq}
	}
	seqs := make([]int, min(op.Lanes, op.Chunks))
	for i := range seqs {
		seqs[i] = i
	}
	return seqs
}
