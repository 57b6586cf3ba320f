// Package operation is the vocabulary of long-running work: what an operation is, which states it goes
// through, how its records are counted and why a record was rejected. It is pure: it knows no HTTP, no queue
// and no database, and every dialect and every worker speaks in its terms.
package operation

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Kind says what an operation does.
type Kind string

// The kinds of operation.
const (
	// Import loads records into a collection's table.
	Import Kind = "import"
	// Search finds records of a collection.
	Search Kind = "search"
	// Report writes a file: what became of an import, or the records of a collection or a search.
	Report Kind = "report"
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Import, Search, Report} }

// Operation is one long-running piece of work as a client may see it: one row of xforce.tasks.
type Operation struct {
	// ID is a UUIDv7; the operations dialect shows it.
	ID uuid.UUID
	// Reference is unguessable, upper-case letters and digits; the tools dialect shows it.
	Reference string
	// Number is assigned when the operation is sealed: a later number was accepted later and wins a key.
	Number int64
	Kind   Kind
	// Collection names the collection that the records belong to.
	Collection string
	State      State
	Counts     Counts
	// Progress is the share of the work that is done, in percent. Imports tell it by their counts.
	Progress int
	// Phase is what is being done, in words for people; empty if the kind has none.
	Phase string
	// Chunks is how many chunks its records were staged in, and DoneChunks how many of them are committed.
	Chunks, DoneChunks int
	// Lanes is how many of its chunks may be queued at once.
	Lanes int
	// Revision counts what clients can see change, from 1.
	Revision int
	// Labels are the client's own names and values.
	Labels map[string]string
	// Request is what a search or a report was asked for, in the words of its own package; nil for an import.
	Request json.RawMessage
	// PayloadDigest identifies the request that made the operation; nil if the client gave no Operation-Id.
	PayloadDigest []byte
	// Result is what a search or a report has to tell beside its output, in the words of its own package; nil before.
	Result json.RawMessage
	// Failure says why the operation failed as a whole; nil otherwise.
	Failure *Failure
	// CreatedAt is when the first bytes arrived, SealedAt when the operation was accepted.
	CreatedAt time.Time
	SealedAt  time.Time
	UpdatedAt time.Time
	// StartedAt and FinishedAt are zero until they happen.
	StartedAt  time.Time
	FinishedAt time.Time
	// PollDeadline is by when somebody must have asked for it; zero if nobody needs to.
	PollDeadline time.Time
	// Retention is how long it is kept after it is finished.
	Retention time.Duration
	// ExpiresAt is when it is given up for good, or was; zero until it is finished.
	ExpiresAt time.Time
	// Expired marks a tombstone: only its counts are left.
	Expired bool
}

// Percent is the share of the work that is done, rounded down.
func (op *Operation) Percent() int {
	if op.Kind == Import {
		return op.Counts.Percent()
	}
	return op.Progress
}

// Failure is the reason why an operation as a whole did not succeed.
type Failure struct {
	// Code is stable and written as Azure writes its error codes, such as "ChunkAbandoned".
	Code string `json:"code"`
	// Message is for people and safe to show.
	Message string `json:"message"`
}
