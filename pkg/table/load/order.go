package load

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/longshore-io/longshore/pkg/operation"
)

// sortable is an entry during the sort. The first eight bytes of its key decide most comparisons.
type sortable struct {
	prefix uint64
	index  int32 // among the batch's entries
}

// arrange sorts the batch's records by key and selects the last row of each key to be written; it
// marks the others as superseded. Without a key all rows are selected, in their order. All writers of a table use the same order, that of the encoded
// keys or of Postgres, so two transactions never wait for each other's keys in a cycle. A record without a rank,
// which Postgres cannot read, is not selected. Nor are those that setAside removes.
//
// The records before a selected one are chained by previous.
func (b *Batch) arrange() {
	b.sort()
	b.setAside()
	b.winners = b.winners[:0]
	b.previous = slices.Grow(b.previous[:0], len(b.entries))[:len(b.entries)]
	b.outcomes = slices.Grow(b.outcomes[:0], len(b.entries))[:len(b.entries)]
	for _, a := range b.aside {
		b.previous[a.index] = -1
	}
	for i, o := range b.order {
		b.outcomes[o.index] = operation.Unprocessed
		b.previous[o.index] = -1
		if len(b.ranks) > 0 && b.ranks[o.index] == 0 {
			continue
		}
		if b.isLater(o.index) {
			b.outcomes[o.index] = operation.Superseded
			continue
		}
		if i > 0 && b.table.keyLength > 0 && b.compareKeys(b.order[i-1].index, o.index) == 0 {
			earlier := b.order[i-1].index
			b.previous[o.index] = earlier
			b.outcomes[earlier] = operation.Superseded
			b.winners[len(b.winners)-1] = o.index
			continue
		}
		b.winners = append(b.winners, o.index)
	}
}

// sort sets order to the entries by key, then by import and row.
func (b *Batch) sort() {
	b.order = slices.Grow(b.order[:0], len(b.entries))[:len(b.entries)]
	shared, sorted := b.commonPrefix()
	for i := range b.order {
		index := int32(i)
		b.order[i] = sortable{index: index}
		switch {
		case b.ranks != nil:
			b.order[i].prefix = uint64(b.ranks[i]) //nolint:gosec // not negative
		case b.table.keyLength == 0:
			b.order[i].prefix = uint64(i)
		case !sorted:
			b.order[i].prefix = prefix(b.key(index)[shared:])
		}
	}
	if sorted {
		return
	}
	slices.SortFunc(b.order, func(x, y sortable) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return b.compare(x.index, y.index)
	})
}

// commonPrefix returns the length of the prefix that all keys share, and whether the entries are
// already sorted.
func (b *Batch) commonPrefix() (shared int, sorted bool) {
	sorted = true
	if len(b.entries) == 0 || b.ranks != nil || b.table.keyLength == 0 {
		return 0, len(b.entries) == 0
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

// prefix returns the first eight bytes of a key as a number. If two prefixes differ, they compare
// as the keys do.
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
	return cmp.Or(cmp.Compare(b.entries[x].number, b.entries[y].number), cmp.Compare(b.entries[x].row, b.entries[y].row))
}

// compareKeys compares the ranks of the keys, or without ranks the keys without the first column's length word, so that keys with a common
// prefix are neighbours in the table's index. Different keys stay different: two of them could only
// be equal if one text contained the next column's length word, which begins with NUL, and Postgres
// allows no NUL in text.
func (b *Batch) compareKeys(x, y int32) int {
	switch {
	case b.table.keyLength == 0:
		return 0
	case b.ranks != nil:
		return cmp.Compare(b.ranks[x], b.ranks[y])
	}
	return bytes.Compare(b.key(x), b.key(y))
}
