// Package task lists every kind of queued work: its name, its queue, its payload. A payload carries ids only,
// because Postgres is the truth and the queue can be rebuilt from it at any time.
package task

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Kind names what a worker does with a queue entry.
type Kind string

// Import processes one chunk of an import.
const Import Kind = "import:chunk"

// QueueImports holds the chunks of imports that are due.
const QueueImports = "imports"

// queues says which queue serves which kind.
var queues = map[Kind]string{
	Import: QueueImports,
}

// Queue returns the name of the queue that serves the kind.
func (k Kind) Queue() string { return queues[k] }

// Chunk points at one chunk of an operation. Members are only ever added, so that old entries still decode.
type Chunk struct {
	TaskID uuid.UUID `json:"task_id"`
	// Seq is the chunk's place in its operation, from 0.
	Seq int `json:"chunk"`
}

// String returns the chunk as "operation.seq", which queue entries use in their ids.
func (c Chunk) String() string { return fmt.Sprintf("%s.%d", c.TaskID, c.Seq) }

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
