package job

import (
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Stats is a snapshot of the unfinished operations and the due chunks, read from Postgres.
type Stats struct {
	Operations []OperationCount
	Due        []DueCount
}

// OperationCount is the number of unfinished operations of a kind in a state. Zero counts are
// omitted.
type OperationCount struct {
	Kind  operation.Kind
	State operation.State
	Count int
}

// DueCount is the number of due chunks of a kind: queued, held, being processed, or lost by the queue.
// Zero counts are omitted.
type DueCount struct {
	Kind   Kind
	Chunks int
	// Held is how many of them are held, because their owner's share of the queue is used up.
	Held int
	// Oldest is how long the oldest chunk without an attempt has been due; 0 if every chunk has had
	// an attempt.
	Oldest time.Duration
}

// QueueStats is a snapshot of one queue, read from Redis.
type QueueStats struct {
	Name string
	// Entries by asynq's state.
	Pending, Active, Scheduled, Retry, Archived int
	// Latency is how long the oldest pending entry has waited; 0 without pending entries.
	Latency time.Duration
	// Paused reports whether workers are kept from taking entries.
	Paused bool
	// Processed and Failed count entries since Redis was last emptied. Processed includes Failed.
	Processed, Failed int
}
