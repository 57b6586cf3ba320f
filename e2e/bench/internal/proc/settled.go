package proc

import (
	"context"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/spread"
)

// settledLooks is how often Settled looks: for a second.
const settledLooks = 10

// Settled returns the resident bytes of processes that have nothing to do: the median of a second.
func Settled(ctx context.Context, pids []int) ([]int64, error) {
	seen := make([][]int64, len(pids))
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for range settledLooks {
		for i, pid := range pids {
			memory, err := ReadMemory(pid)
			if err != nil {
				return nil, err
			}
			seen[i] = append(seen[i], memory.Resident)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	settled := make([]int64, len(pids))
	for i := range seen {
		settled[i] = spread.Median(seen[i])
	}
	return settled, nil
}
