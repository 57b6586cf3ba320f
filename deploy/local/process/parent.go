package process

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrParentGone is the cause of a context that WithParent has cancelled.
var ErrParentGone = errors.New("the parent process has ended")

// parentInterval is the time between two checks of the parent.
const parentInterval = 500 * time.Millisecond

// WithParent returns a context that is cancelled when the parent process ends. It is for `go run`, which
// passes no signals on: without it the program would keep running after `go run` is killed.
func WithParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	parent := os.Getppid()
	go func() {
		ticker := time.NewTicker(parentInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if os.Getppid() != parent {
					cancel(ErrParentGone)
					return
				}
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}
