package store

import (
	"container/list"
	"sync"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// chunkKey identifies the records of a chunk and their outcomes, which change with each step. A pending
// chunk has no outcomes yet.
type chunkKey struct {
	operation uuid.UUID
	seq       int
	steps     int
	pending   bool
}

// openChunk is an unpacked chunk. It is never changed, so that any number of readers can use it.
type openChunk struct {
	firstRow int
	records  [][]byte
	outcomes []operation.Outcome
}

// recordOverhead is what each record occupies besides its bytes.
const recordOverhead = 25

// size returns the memory that the chunk occupies.
func (c *openChunk) size() int64 {
	size := int64(0)
	for _, record := range c.records {
		size += int64(len(record)) + recordOverhead
	}
	return size
}

// chunkCache keeps the chunks that clients read last. A client that reads slowly holds a few records
// and finds its chunk here again, or else reads it from the database again; so the memory does not
// depend on the number of readers. It is safe for concurrent use.
type chunkCache struct {
	limit int64

	mu      sync.Mutex
	size    int64
	entries map[chunkKey]*list.Element
	// order has the entries, the last used first.
	order *list.List
}

type cached struct {
	key   chunkKey
	chunk *openChunk
	size  int64
}

// newChunkCache returns a cache of at most limit bytes; 0 means defaultCacheBytes.
func newChunkCache(limit int64) *chunkCache {
	if limit <= 0 {
		limit = defaultCacheBytes
	}
	return &chunkCache{limit: limit, entries: make(map[chunkKey]*list.Element), order: list.New()}
}

func (c *chunkCache) get(key chunkKey) *openChunk {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.entries[key]
	if element == nil {
		return nil
	}
	c.order.MoveToFront(element)
	return element.Value.(*cached).chunk //nolint:forcetypeassert // the list has nothing else
}

// put adds a chunk, and removes those that were not used for the longest time. The last one stays,
// whatever its size.
func (c *chunkCache) put(key chunkKey, chunk *openChunk) {
	entry := &cached{key, chunk, chunk.size()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] != nil {
		return
	}
	c.entries[key] = c.order.PushFront(entry)
	c.size += entry.size
	for c.size > c.limit && c.order.Len() > 1 {
		last := c.order.Back()
		oldest := c.order.Remove(last).(*cached) //nolint:forcetypeassert // the list has nothing else
		delete(c.entries, oldest.key)
		c.size -= oldest.size
	}
}
