// Package task lists every kind of queued work: its name, its queue, its payload. A payload carries ids only,
// because Postgres is the truth and the queue can be rebuilt from it at any time.
package job

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Kind names what a worker does with a queue entry.
type Kind string

// The kinds of queued work.
const (
	// Import processes one chunk of an import.
	Import Kind = "import:chunk"
	// Split cuts the parts of an upload in pieces into chunks, before there are any.
	Split Kind = "import:split"
	// Search takes one step of a search.
	Search Kind = "search:step"
	// Report takes one step of a report.
	Report Kind = "report:step"
)

// The queues, each served by one service.
const (
	// QueueImports holds the chunks of imports that are due; the importer serves it.
	QueueImports = "imports"
	// QueueSplits holds the uploads in pieces that are to be split; the importer serves it beside the other, because a split is long and
	// must not keep small imports waiting.
	QueueSplits = "splits"
	// QueueSearches is served by the searcher.
	QueueSearches = "searches"
	// QueueReports is served by the reporter.
	QueueReports = "reports"
)

// queues says which queue serves which kind.
var queues = map[Kind]string{
	Import: QueueImports,
	Split:  QueueSplits,
	Search: QueueSearches,
	Report: QueueReports,
}

// SplitSeq is the place of the chunk that stands for the splitting of an upload in pieces: before all others.
const SplitSeq = -1

// kindsOfWork says which kind of queued work an operation's chunks are.
var kindsOfWork = map[operation.Kind]Kind{
	operation.Import: Import,
	operation.Search: Search,
	operation.Report: Report,
}

// KindOf returns the kind of queued work that the chunk seq of an operation is.
func KindOf(kind operation.Kind, seq int) Kind {
	if seq == SplitSeq {
		return Split
	}
	return kindsOfWork[kind]
}

// Queue returns the name of the queue that serves the kind.
func (k Kind) Queue() string { return queues[k] }

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Import, Split, Search, Report} }

// Queues lists the names of all queues.
func Queues() []string { return []string{QueueImports, QueueSplits, QueueSearches, QueueReports} }

// Due is a chunk that should by now be in the queue or in a worker's hands.
type Due struct {
	Kind Kind
	Chunk
}

// Chunk points at one chunk of an operation. Members are only ever added, so that old entries still decode.
type Chunk struct {
	OperationID uuid.UUID `json:"task_id"`
	// Seq is the chunk's place in its operation, from 0.
	Seq int `json:"chunk"`
}

// String returns the chunk as "operation.seq", which queue entries use in their ids.
func (c Chunk) String() string { return fmt.Sprintf("%s.%d", c.OperationID, c.Seq) }

// Encode returns the payload of the queue entry.
func (c Chunk) Encode() []byte {
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of an id and an integer always marshals
	}
	return payload
}

// DecodeChunk reads the payload of a queue entry.
func DecodeChunk(payload []byte) (Chunk, error) {
	var c Chunk
	if err := json.Unmarshal(payload, &c); err != nil {
		return Chunk{}, fmt.Errorf("decoding queue payload: %w", err)
	}
	return c, nil
}
