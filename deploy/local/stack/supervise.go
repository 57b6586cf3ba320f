package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/deploy/local/process"
)

const (
	// restartDelay keeps a process that cannot run from turning in a tight circle.
	restartDelay = time.Second
	// maxEnds within endsWindow is how often a process may end unasked before the stack gives up.
	maxEnds    = 4
	endsWindow = time.Minute
)

// unit is a process that is to run as long as the stack does.
type unit struct {
	process.Process

	name string
}

// supervise starts the process again whenever it ends, until the context ends. It gives up, with an error, on one that
// ends again and again.
func (u unit) supervise(ctx context.Context, say *process.Lines) error {
	var ends []time.Time
	for ended(ctx, u) {
		ends = recent(append(ends, time.Now()))
		if len(ends) >= maxEnds {
			return fmt.Errorf("%s ended %d times within %v, the last time with %s", u.name, len(ends), endsWindow, reason(u.Err()))
		}
		say.Printf("%s ended by itself (%s); starting it again", u.name, reason(u.Err()))
		if !pause(ctx, restartDelay) {
			break
		}
		if err := u.Restart(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("starting %s again: %w", u.name, err)
		}
	}
	return nil
}

// ended waits for the unit's end; it returns false when the context ends before.
func ended(ctx context.Context, u unit) bool {
	select {
	case <-ctx.Done():
		return false
	case <-u.Done():
		return ctx.Err() == nil
	}
}

func pause(ctx context.Context, length time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(length):
		return true
	}
}

func recent(ends []time.Time) []time.Time {
	for len(ends) > 0 && time.Since(ends[0]) > endsWindow {
		ends = ends[1:]
	}
	return ends
}

func reason(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}
