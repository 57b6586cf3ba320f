package queue

import (
	"errors"

	"github.com/hibiken/asynq"
)

// ParkError puts an entry aside because its operation was given up: it is kept among asynq's archived entries (10,000 of them, for 90 days),
// where operators find it by its operation's id, with the reason. Nothing depends on it. Whoever returns it has told the log.
type ParkError struct {
	// Err is the reason.
	Err error
}

// Error tells the reason.
func (p *ParkError) Error() string { return p.Err.Error() }

// Unwrap returns the reason.
func (p *ParkError) Unwrap() error { return p.Err }

// Is makes it asynq's word for putting an entry aside, without showing that word to anybody.
func (p *ParkError) Is(target error) bool { return target == asynq.SkipRetry }

// isParked reports whether err puts its entry aside because the operation was given up.
func isParked(err error) bool {
	_, ok := errors.AsType[*ParkError](err)
	return ok
}
