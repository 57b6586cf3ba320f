package store

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
)

// findBelow replaces the public number of Below by the internal one. If the operation with that number
// is deleted, the list continues at the one after it.
func (f *Filter) findBelow(ctx context.Context, tx pgx.Tx) error {
	const internal = `
SELECT coalesce((SELECT number FROM xforce.tasks WHERE tenant = $1 AND public_number >= $2 ORDER BY public_number LIMIT 1), 0)`
	if f.Below == 0 || f.Tenant == access.DefaultTenant {
		return nil
	}
	return tx.QueryRow(ctx, internal, f.Tenant, f.Below).Scan(&f.Below)
}

// numberRange are the operations that were created in the time of a filter: those whose numbers are
// between above and below, which are exclusive, and the strays. Some others may be in the range too.
type numberRange struct {
	above, below int64
	strays       []int64
}

// Numbers are drawn when operations are sealed, so they ascend with sealed_at. Most operations are
// sealed within a second after their creation. Those that are not are strays if one of the filter's
// times is between their creation and their seal.
//
// The bounds leave five seconds, because Postgres reads its clock shortly after it draws the number,
// and because the clock may step back, for example after a failover. The acceptance of one operation
// of 64 is in the index, so a bound is at most 63 numbers too wide.
const selectRange = `
SELECT above, below FROM xforce.accepted_between($1::timestamp, $2::timestamp)`

const selectStrays = `
SELECT number FROM xforce.accepted_late($3, $1::timestamp, $2) AS number`

// findRange returns the range of a filter. It is all numbers if the filter has no times, or if there
// are more than maxStrays strays.
func findRange(ctx context.Context, tx pgx.Tx, f Filter, maxStrays int) (numberRange, error) {
	all := numberRange{above: 0, below: math.MaxInt64}
	from, before := nullIfZero(f.CreatedFrom), nullIfZero(f.CreatedBefore)
	if from == nil && before == nil {
		return all, nil
	}
	var r numberRange
	if err := tx.QueryRow(ctx, selectRange, from, before).Scan(&r.above, &r.below); err != nil {
		return all, err
	}
	for _, at := range []any{from, before} {
		strays, err := collect(ctx, tx, "finding strays", pgx.RowTo[int64], selectStrays, at, maxStrays, f.Tenant)
		if err != nil {
			return all, err
		}
		if len(strays) == maxStrays {
			return all, nil
		}
		r.strays = append(r.strays, strays...)
	}
	return r, nil
}
