// Package operation is the vocabulary of long-running work: what an operation is, which states it goes
// through, how its records are counted and why a record was rejected. It is pure: it knows no HTTP, no queue
// and no database, and every dialect and every worker speaks in its terms.
package operation

import (
	"time"

	"github.com/google/uuid"
)

// Kind says what an operation does.
type Kind string

// The kinds of operation.
const (
	// Import loads records into a collection's table.
	Import Kind = "import"
)

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
	// Chunks is how many chunks its records were staged in.
	Chunks int
	// Failure says why the operation failed as a whole; nil otherwise.
	Failure *Failure
	// CreatedAt is when the first bytes arrived, SealedAt when the operation was accepted.
	CreatedAt time.Time
	SealedAt  time.Time
	UpdatedAt time.Time
	// StartedAt and FinishedAt are zero until they happen.
	StartedAt  time.Time
	FinishedAt time.Time
}

// Failure is the reason why an operation as a whole did not succeed.
type Failure struct {
	// Code is stable and written as Azure writes its error codes, such as "ChunkAbandoned".
	Code string `json:"code"`
	// Message is for people and safe to show.
	Message string `json:"message"`
}
