package queue

import "github.com/hibiken/asynq"

// ArchiveError is returned by a handler whose operation has failed: the queue archives the entry
// instead of retrying it. asynq keeps 10,000 archived entries for up to 90 days, where operators
// find them by the operation's id. Nothing else depends on an archived entry. If asynq has already
// requeued the entry because its handler exceeded the lease, the entry is processed again and ends
// as a no-op.
//
// The handler logs the failure; the queue does not log it again.
type ArchiveError struct {
	// Code is the operation's error code. Redis stores it.
	Code string
	// Err is the cause; nil if the code says enough.
	Err error
}

// Error returns the code and the cause.
func (e *ArchiveError) Error() string {
	if e.Err == nil {
		return e.Code
	}
	return e.Code + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ArchiveError) Unwrap() error { return e.Err }

// Is matches asynq.SkipRetry, by which asynq archives the entry. Callers need not know asynq's
// error.
func (e *ArchiveError) Is(target error) bool { return target == asynq.SkipRetry }
