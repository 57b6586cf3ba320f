package load

import "sync/atomic"

// conflictHints remembers which imports found some of their keys in the table. COPY would fail for
// their next batch too, so it is not attempted. A lost hint costs one failed attempt.
type conflictHints struct {
	imports [64]atomic.Int64
}

// expected reports whether the last batch of the import found existing keys.
func (h *conflictHints) expected(importNumber int64) bool {
	return h.slot(importNumber).Load() == importNumber && importNumber != 0
}

// record stores whether the import's batch found existing keys.
func (h *conflictHints) record(importNumber int64, found bool) {
	slot := h.slot(importNumber)
	if found {
		slot.Store(importNumber)
	} else {
		slot.CompareAndSwap(importNumber, 0)
	}
}

func (h *conflictHints) slot(importNumber int64) *atomic.Int64 {
	return &h.imports[uint64(importNumber)%uint64(len(h.imports))] //nolint:gosec // a negative number may use any slot
}
