package imports

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

// dispatch queues the first chunk of every lane.
func (h *Handler) dispatch(ctx context.Context, op *operation.Operation) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dispatchBudget)
	defer cancel()
	for seq := range min(h.lanes, op.Chunks) {
		chunk := task.Chunk{TaskID: op.ID, Seq: seq}
		if err := h.dispatcher.Dispatch(ctx, task.Import, chunk, queue.FirstDispatch); err != nil {
			h.log.Warn("the queue does not answer; the janitor will dispatch",
				slog.Any("error", err), slog.String("operation", op.ID.String()))
			return
		}
	}
}
