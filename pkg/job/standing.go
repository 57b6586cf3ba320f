package job

import (
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Stats is how the work stands at one moment, as Postgres knows it.
type Stats struct {
	Operations []OperationCount
	Due        []DueCount
}

// OperationCount is how many unfinished operations of a kind are in a state; none that is 0 is told.
type OperationCount struct {
	Kind  operation.Kind
	State operation.State
	Count int
}

// DueCount is how many chunks of a kind are due: in the queue, in a worker's hands, or lost. None that is 0 is told.
type DueCount struct {
	Kind   Kind
	Chunks int
	// Oldest is how long the oldest of them that nobody has tried has been due; 0 if each was tried, in vain perhaps.
	Oldest time.Duration
}

// QueueStats is how one queue stands, as Redis knows it.
type QueueStats struct {
	Name string
	// Entries by what asynq calls their state.
	Pending, Active, Scheduled, Retry, Archived int
	// Latency is how long the oldest pending entry has waited; 0 if there is none.
	Latency time.Duration
	// Paused: workers take nothing from it.
	Paused bool
	// Processed and Failed count entries since Redis was last emptied, those that failed among both.
	Processed, Failed int
}
