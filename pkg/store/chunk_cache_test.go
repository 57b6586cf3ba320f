package store

import (
	"testing"

	"github.com/google/uuid"
)

// cachedSeqs returns which of the chunks 0 to 9 of an operation are in the cache.
func (c *chunkCache) cachedSeqs(id uuid.UUID) (seqs []int) {
	for seq := range 10 {
		if c.entries[chunkKey{operation: id, seq: seq}] != nil {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

func TestChunkCache(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	// Each chunk has one record and occupies its size.
	ofSize := func(size int) *openChunk { return &openChunk{records: [][]byte{make([]byte, size-recordOverhead)}} }
	type access struct {
		seq, put int // size to put; 0 gets
	}
	for name, tt := range map[string]struct {
		accesses []access
		want     []int
		size     int64
	}{
		"all fit":                    {[]access{{0, 40}, {1, 60}}, []int{0, 1}, 100},
		"the oldest is removed":      {[]access{{0, 40}, {1, 40}, {2, 40}}, []int{1, 2}, 80},
		"the last used stays":        {[]access{{0, 40}, {1, 40}, {0, 0}, {2, 40}}, []int{0, 2}, 80},
		"several are removed":        {[]access{{0, 30}, {1, 30}, {2, 30}, {3, 70}}, []int{2, 3}, 100},
		"too large for the cache":    {[]access{{0, 40}, {1, 500}}, []int{1}, 500},
		"after one that was so":      {[]access{{1, 500}, {2, 40}}, []int{2}, 40},
		"put twice counts once":      {[]access{{0, 40}, {0, 40}, {1, 60}}, []int{0, 1}, 100},
		"a chunk that is not cached": {[]access{{7, 0}}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newChunkCache(100)
			for _, a := range tt.accesses {
				key := chunkKey{operation: id, seq: a.seq}
				if a.put > 0 {
					c.put(key, ofSize(a.put))
					continue
				}
				if got, want := c.get(key) != nil, c.entries[key] != nil; got != want {
					t.Errorf("get(%d) found one: %t, want %t", a.seq, got, want)
				}
			}
			got := c.cachedSeqs(id)
			if len(got) != len(tt.want) || c.size != tt.size || c.order.Len() != len(c.entries) {
				t.Fatalf("chunks %v, %d bytes, %d in order, want %v, %d bytes", got, c.size, c.order.Len(), tt.want, tt.size)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("chunks %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// The records of a pending chunk have no outcomes yet: they must not be found after its end.
func TestChunkCacheKeepsPendingApart(t *testing.T) {
	t.Parallel()
	c := newChunkCache(0)
	id := uuid.New()
	c.put(chunkKey{id, 0, 0, true}, &openChunk{})
	if c.get(chunkKey{id, 0, 0, false}) != nil || c.get(chunkKey{uuid.New(), 0, 0, true}) != nil || c.get(chunkKey{id, 0, 0, true}) == nil {
		t.Error("get() found a chunk of another state or operation, or not the one that was put")
	}
}
