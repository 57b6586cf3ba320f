package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/precondition"
)

// checkCondition locks a row that a client is about to change, and checks the condition of the request on it, if it has
// one. The statement selects the tag of the row, empty if it has none, and the time of its last change, with FOR NO KEY
// UPDATE. Without a row there is nothing to check. The error is a fault of kind Changed if the condition is false.
func checkCondition(ctx context.Context, tx pgx.Tx, statement string, args ...any) error {
	condition := precondition.Of(ctx)
	if condition.Empty() {
		return nil
	}
	var tag string
	var modified time.Time
	err := tx.QueryRow(ctx, statement, args...).Scan(&tag, &modified)
	switch {
	case isNoRows(err):
		return nil
	case err != nil:
		return fmt.Errorf("checking the condition of a request: %w", err)
	}
	return condition.Check(precondition.State{Tag: tag, Modified: modified.UTC()})
}
