package queue

import (
	"errors"

	"github.com/hibiken/asynq"
)

// ArchiveError puts an entry aside because its operation was given up: it is kept among asynq's archived entries (10,000 of them, for 90 days),
// where operators find it by its operation's id, with the code. Nothing depends on it: an entry whose handler took longer than asynq lets it was
// brought back by asynq before this error came, and ends as one with nothing to do. Whoever returns it has told the log.
type ArchiveError struct {
	// Code is the operation's error code, which Redis keeps.
	Code string
	// Err is the cause; nil if the code tells it all.
	Err error
}

// Error tells the code and the cause.
func (p *ArchiveError) Error() string {
	if p.Err == nil {
		return p.Code
	}
	return p.Code + ": " + p.Err.Error()
}

// Unwrap returns the cause.
func (p *ArchiveError) Unwrap() error { return p.Err }

// Is makes it asynq's word for putting an entry aside, without showing that word to anybody.
func (p *ArchiveError) Is(target error) bool { return target == asynq.SkipRetry }

// isParked reports whether err puts its entry aside because the operation was given up.
func isParked(err error) bool {
	_, ok := errors.AsType[*ArchiveError](err)
	return ok
}
