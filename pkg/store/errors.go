package store

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

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
	insufficientRight   = "42501"
	invalidParameter    = "22023"
)

// connectionClass is the SQLSTATE class of connection errors.
const connectionClass = "08"

// condition is what an error of Postgres means for the two sides that get it.
type condition struct {
	// transient is true if the same call of a worker may succeed later without any change, so that the
	// chunk did not cause the error.
	transient bool
	// code, message and retry are the answer to a client, of kind Unavailable. No code means that the
	// error is a defect of this service.
	code, message string
	retry         time.Duration
}

// soon and later are when a client may retry: after a restart or a moment of load, and after an
// operator has corrected something.
const (
	soon  = 5 * time.Second
	later = time.Minute
)

var (
	unreachable = condition{
		true, "database-unavailable",
		"The database does not answer just now. Try again in a few seconds.", soon,
	}
	outOfTime = condition{
		false, "database-timeout",
		"The database did not finish this within the time limit. Try again later, and ask for less if this is a list or a search.", soon,
	}
	lockedOut = condition{
		true, "database-timeout",
		"The database did not get a lock for this within the time limit. Try again in a few seconds.", soon,
	}
	inConflict = condition{
		true, "database-conflict",
		"The database ended this in favour of another transaction. Try again in a few seconds.", soon,
	}
	overloaded = condition{
		true, "database-overloaded",
		"The database has no connection or memory left for this. Try again in a few seconds.", soon,
	}
	full = condition{
		true, "database-full",
		"The database has no disk space left. An operator has to free some; try again later.", later,
	}
	brokenServer = condition{
		true, "database-failed",
		"The database can't read or write its files. An operator has to look at it; try again later.", later,
	}
	failedInside = condition{
		false, "database-failed",
		"The database failed with an internal error. An operator has to look at it; try again later.", later,
	}
	lockedDoor = condition{
		true, "database-misconfigured",
		"The database does not let this service in. An operator has to correct its configuration; try again later.", later,
	}
	wrongPooler = condition{
		true, "database-misconfigured",
		"A pooler before the database mixes up the sessions of this service. An operator has to correct its configuration; try again later.", soon,
	}
	misconfigured = condition{
		false, "database-misconfigured",
		"The database lacks something that this service needs, such as a table or a privilege. An operator has to correct it; try again later.", later,
	}
)

// conditions contains what the SQLSTATE classes, and the codes that differ from their class, mean.
// All others are defects of this service: a syntax error, a value that does not fit, a violated
// constraint. See the appendix "PostgreSQL Error Codes" of Postgres's documentation.
var conditions = map[string]condition{
	connectionClass: unreachable, // connection exception
	readOnly:        unreachable, // the connection still leads to a server that became a standby
	"25P03":         outOfTime,   // idle_in_transaction_session_timeout
	"25P04":         outOfTime,   // transaction_timeout
	// A pooler in transaction mode that the service does not know of: see LONGSHORE_DB_POOLER.
	duplicateStatement: wrongPooler,
	unknownStatement:   wrongPooler,

	"28":              lockedDoor,    // invalid authorization
	"3D":              lockedDoor,    // no such database
	"3F":              misconfigured, // no such schema
	"40":              inConflict,    // transaction rollback: deadlock, serialization failure
	insufficientRight: misconfigured, // insufficient privilege
	"42703":           misconfigured, // no such column
	"42704":           misconfigured, // no such object
	"42883":           misconfigured, // no such function
	undefinedTable:    misconfigured,
	"53":              overloaded,   // insufficient resources: connections, memory
	"53100":           full,         // disk full
	"55006":           lockedOut,    // object in use
	lockNotAvailable:  lockedOut,    // lock_timeout
	"57":              unreachable,  // operator intervention: a restart, or a session that the janitor ended
	queryCanceled:     outOfTime,    // statement_timeout: for a worker, a retry would exceed it again
	"58":              brokenServer, // system error
	"F0":              failedInside, // configuration file error
	"XX":              failedInside, // internal error, damaged data
}

// ClientSQLStates returns one SQLSTATE code for each class and each code that ClientError converts,
// for tests of the services. They are sorted.
func ClientSQLStates() (codes []string) {
	for key := range conditions {
		codes = append(codes, (key + "000")[:5])
	}
	slices.Sort(codes)
	return codes
}

// conditionOf returns what an error means, and whether it is an error of the database or of the
// connection to it at all. Errors of the network and of contexts count as such: the caller knows
// whether it used another network connection too.
func conditionOf(err error) (condition, bool) {
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok {
		for _, key := range []string{fromServer.Code, fromServer.Code[:min(2, len(fromServer.Code))]} {
			if meaning, ok := conditions[key]; ok {
				return meaning, true
			}
		}
		return condition{}, false
	}
	var network net.Error
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case err == nil:
		return condition{}, false
	case errors.Is(err, context.DeadlineExceeded) && !connecting:
		return condition{true, outOfTime.code, outOfTime.message, outOfTime.retry}, true
	case connecting, errors.As(err, &network), errors.Is(err, context.Canceled), pgconn.SafeToRetry(err), isLostConnection(err):
		return unreachable, true
	default:
		return condition{}, false
	}
}

// IsTransient reports whether the same call may succeed later without any change: Postgres was
// unreachable, restarted, was short of resources, or ended this transaction in favour of another.
func IsTransient(err error) bool {
	meaning, ok := conditionOf(err)
	return ok && meaning.transient || errors.Is(err, ErrLedgerFilled)
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

// ClientError converts an error of the database into the fault that a client gets. It returns faults,
// defects of this service, and nil unchanged.
func ClientError(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	meaning, ok := conditionOf(err)
	if !ok {
		return err
	}
	return fault.New(fault.Unavailable, meaning.code, "%s", meaning.message).RetryAfter(meaning.retry).Because(err)
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

// isForbidden reports whether the role of the session lacks a privilege.
func isForbidden(err error) bool { return hasCode(err, insufficientRight) }

// isInvalidParameter reports whether Postgres refused the value of a setting.
func isInvalidParameter(err error) bool { return hasCode(err, invalidParameter) }
