package store

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/fault"
)

// transientClasses are the SQLSTATE classes that trying again can heal: connection (08), rollback forced by
// others (40), resources (53), operator intervention such as a restart or our own janitor (57), system errors (58).
var transientClasses = []string{"08", "40", "53", "57", "58"}

// exceptions are single codes that do not go with their class.
var exceptions = map[string]bool{
	"57014": false, // the statement took longer than it may, and would again
	"25006": true,  // the connection still leads to a server that has become a standby
	"55P03": true,  // somebody held a lock for longer than we may wait
}

// IsTransient reports whether the same call may succeed later without anybody changing anything: Postgres was out of
// reach, restarted, out of resources, or picked this transaction to end.
func IsTransient(err error) bool {
	if err == nil {
		return false
	}
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok {
		if healing, known := exceptions[fromServer.Code]; known {
			return healing
		}
		for _, class := range transientClasses {
			if strings.HasPrefix(fromServer.Code, class) {
				return true
			}
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) ||
		errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) ||
		pgconn.SafeToRetry(err) ||
		isLostConnection(err)
}

// isLostConnection knows how the driver words a connection that broke under a statement: those errors have no type.
func isLostConnection(err error) bool {
	text := err.Error()
	for _, sign := range []string{"conn closed", "unexpected EOF", "connection reset", "broken pipe", "closed pool"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// unavailable turns a transient error into a fault that tells the client to come back.
func unavailable(err error) error {
	if !IsTransient(err) {
		return err
	}
	return fault.New(fault.Unavailable, "database-unavailable",
		"The database does not answer just now. Nothing was lost; try again in a few seconds.").Because(err)
}

func isNoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// isMissingParent reports whether a row points at one that is not there (foreign_key_violation).
func isMissingParent(err error) bool {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && fromServer.Code == "23503"
}

// takenIfDuplicate tells that an operation of the same id is there (unique_violation of its primary key).
func takenIfDuplicate(err error) error {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	if ok && fromServer.Code == "23505" && fromServer.ConstraintName == "tasks_pk" {
		return ErrIDTaken
	}
	return err
}
