package queue

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// keptError is an error as asynq may keep it. What asynq keeps of an error is read by all who see the queues, and for weeks, so it is a code or
// a reason of ours and the database's code: never the text of an error, which may quote a client's data, as Postgres' messages do. The log has
// the whole error, and is found by the operation's id.
type keptError struct{ err error }

// Error tells the code or the reason, and the SQLSTATE of a refusal by Postgres.
func (f *keptError) Error() string {
	words := "it failed, the worker's log tells why"
	if parked, ok := errors.AsType[*ArchiveError](f.err); ok {
		words = parked.Code
	} else if later, ok := errors.AsType[*RetryAfterError](f.err); ok && later.Reason != "" {
		words = later.Reason
	}
	if refused, ok := errors.AsType[interface {
		error
		SQLState() string
	}](f.err); ok {
		words = fmt.Sprintf("%s (SQLSTATE %s)", words, refused.SQLState())
	}
	return words
}

// Unwrap returns the whole error.
func (f *keptError) Unwrap() error { return f.err }

// whole returns the error that a handler has returned, for the log.
func whole(err error) error {
	if f, ok := errors.AsType[*keptError](err); ok {
		return f.err
	}
	return err
}

// panicError is a defect: a handler has panicked.
type panicError struct {
	value any
	stack []byte
}

// Error tells where.
func (p *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// Unwrap returns the error that the handler has panicked with, if it was one.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// handled calls the handler and makes an error of a panic, as asynq would, but one whose text stays out of Redis.
func handled(handle func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
		if err != nil {
			err = &keptError{err}
		}
	}()
	return handle()
}
