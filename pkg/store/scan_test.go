package store_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
)

func TestEstimateRows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rows     int
		min, max int64
	}{
		"few are counted":    {1234, 1234, 1234},
		"many are estimated": {60_000, 30_000, 120_000}, // the table has not been analyzed
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.exec(t, `CREATE TABLE numbers (n INT PRIMARY KEY)`)
			f.exec(t, `INSERT INTO numbers SELECT generate_series(1, $1)`, tt.rows)
			c, err := collection.Parse("numbers",
				[]byte(`{"x-longshore":{"table":"public.numbers","key":["n"]},"properties":{"n":{"type":"integer"}}}`))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := f.store.EstimateRows(t.Context(), c, access.Caller{}); err != nil || got < tt.min || got > tt.max {
				t.Errorf("EstimateRows() = %d, %v, want between %d and %d", got, err, tt.min, tt.max)
			}
		})
	}
}
