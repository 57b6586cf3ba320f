package load

import "sync/atomic"

// hints remembers which imports met something in their last batch that their next batch will
// probably meet too. A lost hint costs one failed attempt.
type hints struct {
	imports [64]atomic.Int64
}

// expected reports whether the last batch of the import met it.
func (h *hints) expected(importNumber int64) bool {
	return h.slot(importNumber).Load() == importNumber && importNumber != 0
}

// record stores whether the import's batch met it.
func (h *hints) record(importNumber int64, found bool) {
	slot := h.slot(importNumber)
	if found {
		slot.Store(importNumber)
	} else {
		slot.CompareAndSwap(importNumber, 0)
	}
}

func (h *hints) slot(importNumber int64) *atomic.Int64 {
	return &h.imports[uint64(importNumber)%uint64(len(h.imports))] //nolint:gosec // a negative number may use any slot
}
