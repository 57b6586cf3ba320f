package scan

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

func invalid(where, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid-query", format, args...).With("where", where)
}

// queryFault converts Postgres's error about a value of the query (SQLSTATE class 22), such as an
// impossible date, to a fault of kind Invalid.
func queryFault(err error) error {
	pgError, ok := errors.AsType[*pgconn.PgError](err)
	if ok && strings.HasPrefix(pgError.Code, "22") {
		return fault.New(fault.Invalid, "invalid-query", "The database can't read a value of the query: %s.", pgError.Message).Because(err)
	}
	return err
}

// unavailable returns a fault that asks the client to retry after an operator has corrected the
// table. The log gets the cause.
func unavailable(c *collection.Collection, cause error) error {
	return fault.New(fault.Unavailable, "collection-unavailable",
		"The table of collection %q can't be read just now. An operator has to look at it; try again later.", c.Name).Because(cause)
}
