// Package operation defines long-running operations: their states, the counts and outcomes of their
// records, and the reasons of rejections. All services use these types. The package does not depend on
// HTTP, a queue or a database.
package operation

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
)

// Kind is the kind of an operation.
type Kind string

// The kinds of operation.
const (
	// Import loads records into a collection's table.
	Import Kind = "import"
	// Search finds records of a collection.
	Search Kind = "search"
	// Report writes a file: the result of an import, or the records of a collection or a search.
	Report Kind = "report"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Import, Search, Report} }

// Operation is a long-running operation: one row of xforce.tasks.
type Operation struct {
	// ID identifies the operation in rows, queue entries and logs. Clients know it by ShownID.
	ID uuid.UUID
	// Tenant owns the operation.
	Tenant string
	// PublicID and PublicNumber are the id and the number that clients use; zero in the default tenant,
	// where they use ID and Number.
	PublicID     uuid.UUID
	PublicNumber int64
	// Reference is a second id, for clients of seed 000: random upper-case letters and digits.
	Reference string
	// Number is assigned when the operation is sealed. Of two imports of one key the higher number wins.
	// Clients know it by ShownNumber.
	Number int64
	Kind   Kind
	// Collection is the name of the collection of the records.
	Collection string
	State      State
	Counts     Counts
	// Progress is the finished share of the work in percent; 0 for imports, whose counts show it.
	Progress int
	// Phase describes the current work for people; empty if the kind has no phases.
	Phase string
	// Chunks is the number of chunks of its records, DoneChunks the number of committed ones.
	Chunks, DoneChunks int
	// Lanes is the maximum number of its chunks in the queue.
	Lanes int
	// Revision counts the visible changes, from 1.
	Revision int
	// Labels are names and values that the client has set.
	Labels map[string]string
	// Request is the request of a search or a report (packages query and report); nil for an import.
	Request json.RawMessage
	// Principal is who started the operation; empty for one of an earlier release.
	Principal string
	// Caller is on whose behalf the collection's table is read and written.
	Caller access.Caller
	// PayloadDigest identifies the request that created the operation; nil without an Operation-Id.
	PayloadDigest []byte
	// Result describes the output of a search or a report; nil before its end.
	Result json.RawMessage
	// Warnings are for those who maintain the collection's table; nil without any. No record failed because of them.
	Warnings []string
	// Failure is the reason of a failed operation; nil otherwise.
	Failure *Failure
	// CreatedAt is the time of the first bytes, SealedAt that of the acceptance.
	CreatedAt time.Time
	SealedAt  time.Time
	UpdatedAt time.Time
	// StartedAt and FinishedAt are zero before the start and the end.
	StartedAt  time.Time
	FinishedAt time.Time
	// PollDeadline is the time by which a client must poll the operation; zero without a deadline.
	PollDeadline time.Time
	// Retention is how long the operation is kept after its end.
	Retention time.Duration
	// ExpiresAt is the time at which the operation expires; zero before its end.
	ExpiresAt time.Time
	// Expired marks a tombstone: all data except the counts is deleted.
	Expired bool
}

// Percent returns the finished share of the work, rounded down.
func (op *Operation) Percent() int {
	if op.Kind == Import {
		return op.Counts.Percent()
	}
	return op.Progress
}

// Failure is the reason why an operation failed as a whole.
type Failure struct {
	// Code is stable, in the form of Azure's error codes, such as "ChunkAbandoned".
	Code string `json:"code"`
	// Message is for people and safe to show.
	Message string `json:"message"`
}
