package load

import "sync/atomic"

// occupancy remembers which imports met keys that the table holds, because for their next batch the direct way would be in
// vain again. It is a hint: what it forgets costs an attempt.
type occupancy struct {
	imports [64]atomic.Int64
}

// by reports whether the last batch of the import met existing keys.
func (o *occupancy) by(importNumber int64) bool {
	return o.slot(importNumber).Load() == importNumber && importNumber != 0
}

// note tells whether the import's batch met existing keys.
func (o *occupancy) note(importNumber int64, met bool) {
	slot := o.slot(importNumber)
	if met {
		slot.Store(importNumber)
	} else {
		slot.CompareAndSwap(importNumber, 0)
	}
}

func (o *occupancy) slot(importNumber int64) *atomic.Int64 {
	return &o.imports[uint64(importNumber)%uint64(len(o.imports))] //nolint:gosec // any slot will do for a negative number
}
