package scan

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// The unique indexes that a walk in the order of their columns can follow: complete, ascending, and sorted as the columns compare.
const indexesSQL = `
SELECT array_agg(a.attname::text ORDER BY k.place)
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indcollation::oid[], i.indoption::int2[]) WITH ORDINALITY AS k (attnum, collation_oid, options, place)
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts
GROUP BY i.indexrelid
HAVING bool_and(a.attname IS NOT NULL AND k.collation_oid = a.attcollation AND k.options = 0)
ORDER BY i.indexrelid`

// indexOrder puts the members of a key into the order of the unique index that carries it. One in the order of the key comes first; if there is no
// index, as with a view, the order of the key stays.
func indexOrder(ctx context.Context, db DB, table string, key []string) ([]string, error) {
	rows, err := db.Query(ctx, indexesSQL, table)
	if err != nil {
		return nil, err
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return nil, err
	}
	order := key
	for _, columns := range slices.Backward(indexes) {
		if slices.Equal(columns, key) {
			return key, nil
		}
		if slices.Equal(slices.Sorted(slices.Values(columns)), slices.Sorted(slices.Values(key))) {
			order = columns
		}
	}
	return order, nil
}
