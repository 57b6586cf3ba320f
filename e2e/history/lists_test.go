package history_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// lists reads the first page, a page in the middle and the end of a list by every combination of
// conditions.
func (d driver) lists(t *testing.T) {
	now := time.Now()
	for _, kind := range []operation.Kind{"", operation.Report} {
		for _, collection := range []string{"", "spoons"} {
			for _, states := range [][]operation.State{nil, {operation.Failed, operation.TimedOut}, {operation.Succeeded}} {
				for _, labels := range []map[string]string{nil, {"team": "data"}, {"team": "rare"}} {
					for _, times := range [][2]time.Time{{}, {now.AddDate(0, 0, -3)}, {{}, now.AddDate(0, 0, -3)}, {now.AddDate(0, 0, -5), now.AddDate(0, 0, -4)}} {
						f := store.Filter{
							Kind: kind, Collection: collection, States: states, Labels: labels, CreatedFrom: times[0], CreatedBefore: times[1], Limit: 50,
						}
						d.list(t, f)
					}
				}
			}
		}
	}
}

func (d driver) list(t *testing.T, f store.Filter) {
	t.Helper()
	for _, below := range []int64{0, int64(*operations) / 2, 10} {
		f.Below = below
		if _, err := d.List(d.context(t), f); err != nil {
			t.Fatalf("List(%+v): %v", f, err)
		}
	}
}
