package store

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxWarnings limits the distinct warnings of an operation.
const maxWarnings = 10

// addWarnings changes no row if the operation has all of the warnings already. Chunks that commit at the same time wait for
// each other here, and compare again.
const addWarnings = `
UPDATE xforce.tasks SET warnings = ARRAY(
  SELECT w FROM unnest(coalesce(warnings, '{}') || $2::text[]) WITH ORDINALITY AS all_warnings (w, place)
  GROUP BY w ORDER BY min(place) LIMIT $3)
WHERE task_id = $1 AND NOT coalesce(warnings, '{}') @> $2::text[] AND cardinality(coalesce(warnings, '{}')) < $3`

// queueWarnings adds the warnings of a step to its operation, and sets done.Warnings if the operation did not have them.
func queueWarnings(batch *pgx.Batch, id uuid.UUID, warnings []string, done *Committed) {
	if len(warnings) == 0 {
		return
	}
	batch.Queue(addWarnings, id, warnings, maxWarnings).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() > 0 {
			done.Warnings = warnings
		}
		return nil
	})
}
