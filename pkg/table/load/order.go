package load

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/longshore-io/longshore/pkg/operation"
)

// sortable is an entry while it is sorted: eight bytes of its key spare most comparisons the way to the whole one.
type sortable struct {
	prefix uint64
	at     int32
}

// arrange puts the batch's records into the order of keys and picks the last row of each key as the one to write; the
// others are superseded. All writers of a table share the order, which is that of the keys' encodings and needs no other
// meaning: hence two transactions never wait for each other's keys crosswise.
func (b *Batch) arrange() {
	b.sort()
	b.winners = b.winners[:0]
	b.previous = slices.Grow(b.previous[:0], len(b.order))[:len(b.order)]
	b.outcomes = slices.Grow(b.outcomes[:0], len(b.order))[:len(b.order)]
	for i, o := range b.order {
		b.outcomes[o.at] = operation.Unprocessed
		b.previous[o.at] = -1
		if i > 0 && b.compareKeys(b.order[i-1].at, o.at) == 0 {
			earlier := b.order[i-1].at
			b.previous[o.at] = earlier
			b.outcomes[earlier] = operation.Superseded
			b.winners[len(b.winners)-1] = o.at
			continue
		}
		b.winners = append(b.winners, o.at)
	}
}

// sort fills order with the entries by key, then by row.
func (b *Batch) sort() {
	b.order = slices.Grow(b.order[:0], len(b.entries))[:len(b.entries)]
	shared, sorted := b.survey()
	for i := range b.order {
		at := int32(i)
		b.order[i] = sortable{at: at}
		if !sorted {
			b.order[i].prefix = prefix(b.key(at)[shared:])
		}
	}
	if sorted {
		return
	}
	slices.SortFunc(b.order, func(x, y sortable) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return b.compare(x.at, y.at)
	})
}

// survey finds how many bytes all keys begin with in common, and whether the entries are in order already.
func (b *Batch) survey() (shared int, sorted bool) {
	sorted = true
	if len(b.entries) == 0 {
		return 0, sorted
	}
	first := b.key(0)
	shared = len(first)
	for i := int32(1); int(i) < len(b.entries); i++ {
		key := b.key(i)
		shared = min(shared, len(key))
		for !bytes.Equal(first[:shared], key[:shared]) {
			shared--
		}
		sorted = sorted && b.compare(i-1, i) < 0
	}
	return shared, sorted
}

// prefix is the beginning of a key as a number that compares as the bytes do, as far as it can tell.
func prefix(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var padded [8]byte
	copy(padded[:], key)
	return binary.BigEndian.Uint64(padded[:])
}

func (b *Batch) compare(x, y int32) int {
	if c := b.compareKeys(x, y); c != 0 {
		return c
	}
	return cmp.Compare(b.entries[x].row, b.entries[y].row)
}

// compareKeys compares the keys without the first column's length word, which keeps words of one beginning together in
// the table's index. Different keys stay different: a text could only pass for another one with the next column's length
// word in it, and that begins with NUL, which no text of Postgres has.
func (b *Batch) compareKeys(x, y int32) int {
	return bytes.Compare(b.key(x), b.key(y))
}
