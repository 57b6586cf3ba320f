package process

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrParentGone is the cause of a context that WithParent has ended.
var ErrParentGone = errors.New("the process that started this one is gone")

// parentInterval is how often WithParent looks.
const parentInterval = 500 * time.Millisecond

// WithParent returns a context that ends when the process that started this one is gone. `go run` needs it: it passes no
// signal on, so whoever kills it would leave its program running.
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
