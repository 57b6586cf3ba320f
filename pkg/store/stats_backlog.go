package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// QueueLoad is a live operation, seen as a load for the operations that wait behind it.
type QueueLoad struct {
	Kind operation.Kind
	// Number is its place in the order of acceptance.
	Number int64
	// Queued is the maximum number of its chunks that are queued or being processed: at most its
	// lanes, without those that are held. Remaining is how many are not done.
	Queued, Remaining int
	// Speed is its number of committed chunks per second since it started, 0 if there is none. Each
	// step of a search or a report counts as one.
	Speed float64
}

// minMeasured is the shortest time over which a speed is computed, so that an operation that has
// just started shows no extreme one.
const minMeasured = time.Second

// Backlog returns the live operations in the order of their acceptance, at most limit of them. It
// is meant for estimates: cache it instead of calling it for each client.
func (s *Store) Backlog(ctx context.Context, limit int) ([]QueueLoad, error) {
	const backlog = `SELECT kind, number, queued, remaining, speed FROM xforce.backlog($1, $2)`
	return collectForClient(ctx, s.pool, "reading the backlog", pgx.RowToStructByPos[QueueLoad], backlog, limit, minMeasured)
}
