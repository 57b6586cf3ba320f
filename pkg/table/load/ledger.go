package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// ErrKeyOfLedger means that the keys of a table can't be compared without asking Postgres.
var ErrKeyOfLedger = fmt.Errorf("x-longshore.ordering %s needs a key of texts, integers, UUIDs or dates, because Longshore compares the keys itself:"+
	" set it to %s or %s", collection.OrderedByLedger, collection.Unordered, collection.OrderedByColumns)

// checkLedger checks that keys are equal only if their encodings are.
func (t *Table) checkLedger(c *collection.Collection) error {
	t.ledger = c.Ordering == collection.OrderedByLedger
	if t.ledger && len(t.ranking.texts) > 0 {
		return ErrKeyOfLedger
	}
	return nil
}

// OrderedByLedger reports whether the ledger alone keeps the order of the rows. If columns of the table keep it, the ledger has
// the keys of deleted rows only.
func (t *Table) OrderedByLedger() bool { return t.ledger }

// Ledger returns under which name the keys of the table are kept: the table and the columns of the key. It is empty
// if the rows are not ordered, or if columns keep the order and the keys can't be compared without asking Postgres.
func (t *Table) Ledger() string {
	if !t.ledger && (t.bookkeeping == 0 || len(t.ranking.texts) > 0) {
		return ""
	}
	names := make([]string, t.keyLength)
	for i := range names {
		names[i] = quote(t.columns[i].name)
	}
	return t.name + " (" + strings.Join(names, ", ") + ")"
}

// Deletes reports whether the records of the batch delete rows.
func (b *Batch) Deletes() bool { return b.writing.Mode == collection.Delete }

// WrittenKeys returns the keys of the records that the last Load has written or deleted, in ascending order, for
// Supersede.
func (b *Batch) WrittenKeys() []byte { return b.WrittenKeysOf(0) }

// WrittenKeysOf is WrittenKeys for the records of the import with the number, after LoadGroup.
func (b *Batch) WrittenKeysOf(importNumber int64) []byte {
	var keys, last []byte
	for _, o := range b.order {
		outcome := b.outcomes[o.index]
		key := b.key(o.index)
		if b.entries[o.index].number != importNumber {
			continue
		}
		if outcome != operation.Created && outcome != operation.Updated || last != nil && bytes.Equal(key, last) {
			continue
		}
		keys, last = appendKey(keys, key), key
	}
	return keys
}

// errDamagedKeys means that keys were not written by WrittenKeys.
var errDamagedKeys = errors.New("the keys of a chunk in the ledger are damaged")

// Supersede marks the records whose keys are among those that a later chunk has written (see WrittenKeys): the next
// Load does not write them, and their outcome is Superseded. It returns how many it marked.
func (b *Batch) Supersede(keys []byte) (marked int, err error) {
	b.sort()
	if len(b.later) == 0 {
		b.later = slices.Grow(b.later, len(b.entries))[:len(b.entries)]
		clear(b.later)
	}
	i := 0
	for len(keys) > 0 {
		var key []byte
		if key, keys, err = cutKey(keys); err != nil {
			return marked, err
		}
		for i < len(b.order) && bytes.Compare(b.key(b.order[i].index), key) < 0 {
			i++
		}
		for ; i < len(b.order) && bytes.Equal(b.key(b.order[i].index), key); i++ {
			if index := b.order[i].index; !b.later[index] {
				b.later[index] = true
				marked++
			}
		}
	}
	return marked, nil
}

// cutKey cuts the first key off the keys.
func cutKey(keys []byte) (key, rest []byte, err error) {
	size, n := binary.Uvarint(keys)
	if n <= 0 || size > uint64(len(keys)-n) { //nolint:gosec // n is at most the length
		return nil, nil, errDamagedKeys
	}
	end := n + int(size) //nolint:gosec // at most the length of keys
	return keys[n:end], keys[end:], nil
}

// MergeKeys returns the keys of two results of WrittenKeys, in ascending order.
func MergeKeys(x, y []byte) (merged []byte, err error) {
	for len(x) > 0 && len(y) > 0 {
		keyX, restX, errX := cutKey(x)
		keyY, restY, errY := cutKey(y)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		switch order := bytes.Compare(keyX, keyY); {
		case order < 0:
			merged, x = appendKey(merged, keyX), restX
		case order > 0:
			merged, y = appendKey(merged, keyY), restY
		default:
			merged, x, y = appendKey(merged, keyX), restX, restY
		}
	}
	return append(append(merged, x...), y...), nil
}

func appendKey(keys, key []byte) []byte {
	return append(binary.AppendUvarint(keys, uint64(len(key))), key...)
}

// isLater reports whether a later chunk has written the key of the record.
func (b *Batch) isLater(index int32) bool { return len(b.later) > 0 && b.later[index] }
