package queue

import (
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/fault"
)

// storedError limits the error text that asynq stores in Redis to a code or reason of ours and the
// SQLSTATE. That text is visible for weeks to all users with access to the queues, so it must not
// quote client data, as the messages of Postgres do. The log contains the whole error.
type storedError struct{ err error }

// Error returns the code or the reason, and the SQLSTATE of an error of Postgres.
func (e *storedError) Error() string {
	text := "failed; see the worker's log"
	if archive, ok := errors.AsType[*ArchiveError](e.err); ok {
		text = archive.Code
	} else if retry, ok := errors.AsType[*RetryAfterError](e.err); ok && retry.Reason != "" {
		text = retry.Reason
	}
	if postgres, ok := errors.AsType[interface {
		error
		SQLState() string
	}](e.err); ok {
		text = fmt.Sprintf("%s (SQLSTATE %s)", text, postgres.SQLState())
	}
	return text
}

// Unwrap returns the whole error.
func (e *storedError) Unwrap() error { return e.err }

// handlerError returns the error that a handler has returned, for the log.
func handlerError(err error) error {
	if stored, ok := errors.AsType[*storedError](err); ok {
		return stored.err
	}
	return err
}

// handleSafely calls the handler and converts a panic to an error. asynq would recover too, but
// store the panic's text in Redis.
func handleSafely(handle func() error) error {
	if err := fault.CatchPanic(handle); err != nil {
		return &storedError{err}
	}
	return nil
}
