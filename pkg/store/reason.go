package store

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// PublicReason says in a sentence, safe to show to clients, why a worker's step failed; empty if there is nothing to
// say. It names what the client or an operator has to correct, and no data.
func PublicReason(err error) string {
	if misfit, ok := errors.AsType[*load.MisfitError](err); ok {
		return "The collection does not fit its table: " + strings.Join(misfit.Reasons(), "; ") + "."
	}
	if errors.Is(err, table.ErrNotFound) {
		return "The table of the collection does not exist."
	}
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return ""
	}
	switch fromServer.Code {
	case undefinedTable, "42703", "42704", "42883", "3F000":
		return "The database lacks a table, column or function that the collection's table needs."
	case insufficientRight:
		return "The database refuses this service a right on the collection's table."
	case queryCanceled, "25P04":
		return "The database did not finish the step within the time limit."
	}
	return ""
}
