package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/deploy/local/process"
)

const (
	// restartDelay is the time between the end of a process and its restart.
	restartDelay = time.Second
	// maxEnds is the number of unexpected ends of a process within endsWindow that stops the stack.
	maxEnds    = 4
	endsWindow = time.Minute
)

// unit is a process that runs as long as the stack.
type unit struct {
	process.Process

	name string
}

// supervise restarts the process whenever it ends, until the context ends. It returns an error when the
// process has ended maxEnds times within endsWindow.
func (u unit) supervise(ctx context.Context, log *process.Lines) error {
	var ends []time.Time
	for ended(ctx, u) {
		ends = recent(append(ends, time.Now()))
		if len(ends) >= maxEnds {
			return fmt.Errorf("%s ended %d times within %v, most recently with %s", u.name, len(ends), endsWindow, reason(u.Err()))
		}
		log.Printf("%s ended unexpectedly (%s); restarting it", u.name, reason(u.Err()))
		if !pause(ctx, restartDelay) {
			break
		}
		if err := u.Restart(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("restarting %s: %w", u.name, err)
		}
	}
	return nil
}

// ended waits for the end of the process, and returns false if the context ends first.
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
