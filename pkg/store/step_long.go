package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
)

// liveInterval is how often a long step checks whether its operation is still live. It is well
// below the second within which a cancelled operation must stop, and far below
// idle_in_transaction_session_timeout.
const liveInterval = 300 * time.Millisecond

// liveTimeout bounds one check. A session that does not answer it has lost its lock, or is about to.
const liveTimeout = 5 * time.Second

// RunLong is RunResumable for work that can't be split into short transactions, such as writing a
// file whose format needs its end. One connection keeps the chunk's row locked and is otherwise
// idle, while the work writes through other connections in transactions of its own (see
// AppendOutput). If a worker dies, the next one repeats the work from the start. The work's context
// is cancelled when someone else finishes the operation.
//
// It uses two connections at a time: the pool needs at least two for each concurrent step.
func (s *Store) RunLong(ctx context.Context, c job.Chunk, work func(context.Context, Checkpoint) (Progress, error)) (Committed, error) {
	return runLocked(ctx, s, c, lockResumable, untilFinished(work), finishResumable)
}

// untilFinished wraps the work of a long step: its queries keep the transaction's session from
// being idle, and its context is cancelled when the operation is no longer live.
func untilFinished[R any](work func(context.Context, Checkpoint) (R, error)) func(context.Context, *ResumableStep) (R, error) {
	return func(ctx context.Context, step *ResumableStep) (result R, err error) {
		isLive := func(ctx context.Context) error { return requireLive(ctx, step.tx, step.ID) }
		err = whileLive(ctx, isLive, func(ctx context.Context) (err error) {
			result, err = work(ctx, step.Checkpoint)
			return err
		})
		return result, err
	}
}

// WhileLive runs work, which may be a step, and cancels its context when someone else finishes the
// operation. It returns nil if the work succeeded, and otherwise ErrNothingDue if the operation was
// finished. The checks use a connection of their own, and their errors are ignored: the step's
// commit decides.
func (s *Store) WhileLive(ctx context.Context, id uuid.UUID, work func(context.Context) error) error {
	isLive := func(ctx context.Context) error {
		if err := requireLive(ctx, s.pool, id); errors.Is(err, errStopped) {
			return err
		}
		return nil
	}
	succeeded := false
	err := whileLive(ctx, isLive, func(ctx context.Context) error {
		err := work(ctx)
		succeeded = err == nil
		return err
	})
	switch {
	case succeeded: // also if this step is what finished the operation
		return nil
	case errors.Is(err, errStopped):
		return ErrNothingDue
	}
	return err
}

// whileLive runs work beside regular calls of check. The first error of check cancels the work's
// context and is joined to the work's error. A panic of the work is returned as an error, because
// work runs in a goroutine of its own.
func whileLive(ctx context.Context, check, work func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan error, 1)
	go func() { ended <- fault.CatchPanic(func() error { return work(ctx) }) }()
	tick := time.NewTicker(liveInterval)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if cause := context.Cause(ctx); err != nil && cause != nil {
				return errors.Join(cause, err)
			}
			return err
		case <-tick.C:
			if err := check(ctx); err != nil {
				stop(err)
				return errors.Join(err, <-ended)
			}
		}
	}
}

// requireLive returns errStopped if the operation is not live.
func requireLive(ctx context.Context, db executor, id uuid.UUID) error {
	const live = `SELECT EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND status = ANY ($2))`
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	var isLive bool
	if err := db.QueryRow(ctx, live, id, liveStates).Scan(&isLive); err != nil {
		return fmt.Errorf("checking whether the operation is live: %w", err)
	}
	if !isLive {
		return errStopped
	}
	return nil
}

// BeginFile prepares a long step that writes a file: under the lock it deletes what another worker
// may have written, and stores the cursor, so that a writer can detect that it has lost the lock. It
// does not reset the attempts, because no step is complete. It returns ErrLocked or ErrNothingDue like
// RunLong.
func (s *Store) BeginFile(ctx context.Context, c job.Chunk, cursor json.RawMessage) error {
	const setCursor = `UPDATE xforce.task_chunks SET cursor = $3 WHERE task_id = $1 AND seq = $2`
	prepare := func(ctx context.Context, step *ResumableStep) (struct{}, error) {
		if err := step.Clear(ctx, FileStage); err != nil {
			return struct{}{}, err
		}
		if _, err := step.tx.Exec(ctx, setCursor, step.ID, c.Seq, cursor); err != nil {
			return struct{}{}, fmt.Errorf("beginning a file: %w", err)
		}
		return struct{}{}, nil
	}
	_, err := runLocked(ctx, s, c, lockResumable, prepare, func(context.Context, *ResumableStep, struct{}) (Committed, error) {
		return Committed{}, nil
	})
	return err
}

// ReportProgress stores the progress of a long step, in its own transaction. The progress never
// decreases and stays below 100 until the operation is finished.
func (s *Store) ReportProgress(ctx context.Context, id uuid.UUID, percent int, phase string) error {
	const report = `
UPDATE xforce.tasks SET progress = greatest(progress, least($2, 99)), phase = $3, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($4)`
	if _, err := s.pool.Exec(ctx, report, id, percent, phase, liveStates); err != nil {
		return fmt.Errorf("storing the progress: %w", err)
	}
	return nil
}
