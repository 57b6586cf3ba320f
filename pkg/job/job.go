// Package job defines every kind of queued work: its name, its queue and its payload. A payload
// contains ids only: Postgres is the source of truth, and the queue can be rebuilt from it at any
// time.
package job

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Kind is the type of a queue entry. It determines what a worker does with it.
type Kind string

// The kinds of queued work.
const (
	// Import processes one chunk of an import.
	Import Kind = "import:chunk"
	// Split cuts the parts of a multipart upload into chunks, before the import has any.
	Split Kind = "import:split"
	// Search runs one step of a search.
	Search Kind = "search:step"
	// Report runs one step of a report.
	Report Kind = "report:step"
)

// The queues. Each is served by one service.
const (
	// QueueImports contains the due chunks of imports; the importer serves it.
	QueueImports = "imports"
	// QueueSplits contains the multipart uploads that are due to be split. The importer serves it
	// beside QueueImports, because a split takes long and must not delay small imports.
	QueueSplits = "splits"
	// QueueSearches is served by the searcher.
	QueueSearches = "searches"
	// QueueReports is served by the reporter.
	QueueReports = "reports"
)

// queues maps each kind to its queue.
var queues = map[Kind]string{
	Import: QueueImports,
	Split:  QueueSplits,
	Search: QueueSearches,
	Report: QueueReports,
}

// splitSeq is the number of the chunk that represents the split of a multipart upload. It is only
// an address: the column task_chunks.kind distinguishes a split from other chunks. Rows and queue entries
// use -1 because programs of earlier releases recognize splits by it.
const splitSeq = -1

// SplitOf returns the chunk that represents the split of a multipart upload.
func SplitOf(operationID uuid.UUID) Chunk { return Chunk{OperationID: operationID, Seq: splitSeq} }

// operations maps each kind of work to the kind of operation that it belongs to.
var operations = map[Kind]operation.Kind{
	Import: operation.Import,
	Split:  operation.Import,
	Search: operation.Search,
	Report: operation.Report,
}

// Operation returns the kind of operation that the work belongs to.
func (k Kind) Operation() operation.Kind { return operations[k] }

// StepOf returns the kind of work that the steps of an operation require.
func StepOf(kind operation.Kind) Kind {
	switch kind {
	case operation.Search:
		return Search
	case operation.Report:
		return Report
	default:
		return Import
	}
}

// FirstDue returns the work with which an accepted operation starts: the first chunk of every lane,
// or the split of a multipart upload, which has no chunks yet.
func FirstDue(kind operation.Kind, id uuid.UUID, lanes, chunks int) []Due {
	if chunks == 0 {
		return []Due{{Kind: Split, Chunk: SplitOf(id)}}
	}
	due := make([]Due, min(lanes, chunks))
	for seq := range due {
		due[seq] = Due{Kind: StepOf(kind), Chunk: Chunk{OperationID: id, Seq: seq}}
	}
	return due
}

// Queue returns the name of the queue that contains work of the kind.
func (k Kind) Queue() string { return queues[k] }

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Import, Split, Search, Report} }

// Queues returns the names of all queues.
func Queues() []string { return []string{QueueImports, QueueSplits, QueueSearches, QueueReports} }

// Due is a chunk that should be queued or being processed.
type Due struct {
	Kind Kind
	Chunk
}

// Chunk identifies one chunk of an operation. Its fields are part of Entry, the payload.
type Chunk struct {
	OperationID uuid.UUID `json:"task_id"`
	// Seq is the number of the chunk in its operation, from 0.
	Seq int `json:"chunk"`
}

// String returns "operation.seq". The ids of queue entries begin with it.
func (c Chunk) String() string { return fmt.Sprintf("%s.%d", c.OperationID, c.Seq) }
