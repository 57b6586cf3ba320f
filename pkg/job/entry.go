package job

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Entry is the payload of a queue entry: a chunk, and perhaps others that one step may process with it. Workers of
// earlier releases read the chunk only; the others are then dispatched by the janitor. Fields may be added but never
// removed or renamed.
type Entry struct {
	Chunk
	// Whole reports that each chunk is the only one of its import, and was not attempted when the entry was queued.
	Whole bool `json:"whole,omitempty"`
	// More are other imports whose only chunk belongs to the entry.
	More []uuid.UUID `json:"more,omitempty"`
}

// WholeImports returns the entry for imports of one chunk each. There must be at least one.
func WholeImports(ids ...uuid.UUID) Entry {
	return Entry{Chunk: Chunk{OperationID: ids[0]}, Whole: true, More: ids[1:]}
}

// Chunks returns all chunks of the entry, its own first.
func (e Entry) Chunks() []Chunk {
	chunks := make([]Chunk, 1, 1+len(e.More))
	chunks[0] = e.Chunk
	for _, id := range e.More {
		chunks = append(chunks, Chunk{OperationID: id})
	}
	return chunks
}

// Encode returns the payload of the queue entry.
func (e Entry) Encode() []byte {
	payload, err := json.Marshal(e)
	if err != nil {
		panic(err) // a struct of ids and integers always marshals
	}
	return payload
}

// DecodeEntry decodes the payload of a queue entry.
func DecodeEntry(payload []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(payload, &e); err != nil {
		return Entry{}, fmt.Errorf("decoding queue payload: %w", err)
	}
	return e, nil
}
