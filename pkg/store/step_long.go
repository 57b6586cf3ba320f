package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
)

// holdInterval is how often the holder of a long turn looks whether its operation is still live. It is well below a second, in which a
// cancelled operation must stand still, and far below idle_in_transaction_session_timeout.
const holdInterval = 300 * time.Millisecond

// RunLong is RunTurn for work that can't be cut into short transactions, such as writing a file whose format needs its end: the chunk's
// row stays locked, as the lease, by a connection of its own that only waits, while the work writes in transactions of its own (see
// AppendOutput) through other connections. The work must be such that it can be begun anew after a worker died in its middle. Its context
// ends when the operation is finished by somebody else.
//
// It uses two connections at a time: give the pool at least two for each worker.
func (s *Store) RunLong(ctx context.Context, c job.Chunk, work func(context.Context, Checkpoint) (Progress, error)) (Committed, error) {
	return s.runStep(ctx, c, func(tx pgx.Tx) (Committed, error) {
		turn, err := takeTurn(ctx, tx, c)
		if err != nil {
			return Committed{}, err
		}
		var advance Progress
		err = hold(ctx, tx, c, func(ctx context.Context) error {
			advance, err = work(ctx, turn.Checkpoint)
			return err
		})
		if err != nil {
			return Committed{}, err
		}
		return finishTurn(ctx, tx, c, turn, advance)
	})
}

// hold runs work while it keeps the transaction's session awake, and ends the work's context when the operation is no longer live.
func hold(ctx context.Context, tx pgx.Tx, c job.Chunk, work func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	worked := make(chan error, 1)
	go func() { worked <- guarded(ctx, work) }()
	tick := time.NewTicker(holdInterval)
	defer tick.Stop()
	for {
		select {
		case err := <-worked:
			if cause := context.Cause(ctx); err != nil && cause != nil {
				return errors.Join(cause, err)
			}
			return err
		case <-tick.C:
			if err := stillLive(ctx, tx, c); err != nil {
				stop(err)
				return errors.Join(err, <-worked)
			}
		}
	}
}

// guarded makes an error of a panic, as the queue does for work in its own goroutines: one bad operation must not end the others.
func guarded(ctx context.Context, work func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return work(ctx)
}

func stillLive(ctx context.Context, tx pgx.Tx, c job.Chunk) error {
	const live = `SELECT EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND status = ANY ($2))`
	var is bool
	if err := tx.QueryRow(ctx, live, c.OperationID, liveStates).Scan(&is); err != nil {
		return fmt.Errorf("looking whether the operation is live: %w", err)
	}
	if !is {
		return errStopped
	}
	return nil
}
