package store

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Errors that a step or an attempt returns if the chunk can't be processed now.
var (
	// ErrNothingDue means that the chunk is done, or that its operation is finished or deleted. The
	// queue entry can be acknowledged.
	ErrNothingDue = errors.New("nothing is due for this chunk")
	// ErrLocked means that another worker has locked the chunk. If that worker fails, the chunk is
	// due again.
	ErrLocked = errors.New("the chunk is locked by another worker")
)

// ErrIDTaken means that an operation with the same id exists, or existed: compare its
// PayloadDigest.
var ErrIDTaken = errors.New("an operation with this id exists")

// ErrUploadGone means that the janitor dropped the upload, or started to, because it was not
// touched in time.
var ErrUploadGone = fault.New(fault.Unavailable, "upload-abandoned",
	"The upload stood still for so long that it was given up. Nothing of it was imported; send it again.")

// The SQLSTATE codes that this package interprets one by one.
const (
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	duplicateStatement  = "42P05"
	unknownStatement    = "26000"
	readOnly            = "25006"
	undefinedTable      = "42P01"
	lockNotAvailable    = "55P03"
	queryCanceled       = "57014"
)

// connectionClass is the SQLSTATE class of connection errors.
const connectionClass = "08"

// transientClasses are the SQLSTATE classes that a retry can cure: connection (08), transaction
// rollback (40), resources (53), operator intervention such as a restart or the janitor's own (57),
// system errors (58).
var transientClasses = []string{connectionClass, "40", "53", "57", "58"}

// transientExceptions are single codes that differ from their class.
var transientExceptions = map[string]bool{
	queryCanceled:    false, // the statement timeout: a retry would exceed it again
	readOnly:         true,  // the connection still leads to a server that became a standby
	lockNotAvailable: true,  // lock_timeout
	// A pooler in transaction mode that the service does not know of: see LONGSHORE_DB_POOLER.
	duplicateStatement: true,
	unknownStatement:   true,
}

// IsTransient reports whether the same call may succeed later without any change: Postgres was
// unreachable, restarted, was short of resources, or ended this transaction in favour of another.
func IsTransient(err error) bool {
	if err == nil {
		return false
	}
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok {
		if transient, ok := transientExceptions[fromServer.Code]; ok {
			return transient
		}
		return slices.ContainsFunc(transientClasses, func(class string) bool { return strings.HasPrefix(fromServer.Code, class) })
	}
	var network net.Error
	return errors.As(err, &network) ||
		errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) ||
		pgconn.SafeToRetry(err) ||
		isLostConnection(err)
}

// isLostConnection recognizes the driver's errors for a connection that broke during a statement by
// their text: they have no type.
func isLostConnection(err error) bool {
	text := err.Error()
	for _, sign := range []string{"conn closed", "unexpected EOF", "connection reset", "broken pipe", "closed pool"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// unavailable converts a transient error into a fault of kind Unavailable and returns any other
// error, and nil, unchanged.
func unavailable(err error) error {
	if !IsTransient(err) {
		return err
	}
	return fault.New(fault.Unavailable, "database-unavailable",
		"The database does not answer just now. Nothing was lost; try again in a few seconds.").Because(err)
}

func isNoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

func hasCode(err error, code string) bool {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && fromServer.Code == code
}

// isMissingParent reports whether a row refers to an operation that does not exist.
func isMissingParent(err error) bool { return hasCode(err, foreignKeyViolation) }

// isUndefinedTable reports whether a table does not exist.
func isUndefinedTable(err error) bool { return hasCode(err, undefinedTable) }

// takenIfDuplicate converts the violation of the primary key of xforce.tasks into ErrIDTaken.
func takenIfDuplicate(err error) error {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	if ok && fromServer.Code == uniqueViolation && fromServer.ConstraintName == "tasks_pk" {
		return ErrIDTaken
	}
	return err
}
