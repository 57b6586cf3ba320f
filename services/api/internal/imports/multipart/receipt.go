package multipart

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// recountBytes is how much of a part is received at most until the complete parts of its upload are
// added up again.
const recountBytes = 16 << 20

// receipts counts the parts that this process is receiving, so that all parts of an upload together
// are refused when they exceed its limit, and not only when they are complete. It is safe for
// concurrent use.
type receipts struct {
	mu      sync.Mutex
	uploads map[uuid.UUID]map[int]*receipt
}

// receipt is one part number of an upload that is being received by at least one request.
type receipt struct {
	requests int
	// bytes is the size of the largest of the requests.
	bytes int64
}

func newReceipts() *receipts { return &receipts{uploads: make(map[uuid.UUID]map[int]*receipt)} }

// begin begins the receipt of a part; end must be called.
func (r *receipts) begin(id uuid.UUID, part int) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	parts := r.uploads[id]
	if parts == nil {
		parts = make(map[int]*receipt)
		r.uploads[id] = parts
	}
	if parts[part] == nil {
		parts[part] = new(receipt)
	}
	parts[part].requests++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		parts[part].requests--
		if parts[part].requests == 0 {
			delete(parts, part)
		}
		if len(parts) == 0 {
			delete(r.uploads, id)
		}
	}
}

// add records that a request has received bytes of a part so far, and returns the bytes of all parts
// of the upload that are being received, and their numbers.
func (r *receipts) add(id uuid.UUID, part int, bytes int64) (all int64, numbers []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	parts := r.uploads[id]
	parts[part].bytes = max(parts[part].bytes, bytes)
	for _, other := range parts {
		all += other.bytes
	}
	return all, slices.Collect(maps.Keys(parts))
}

// counter returns a function that counts received bytes before they are stored. It returns a fault of
// kind TooLarge if the parts of the upload exceed its limit: those that are complete, and those that
// this process is receiving.
func (h *Handler) counter(ctx context.Context, id uuid.UUID, part int) func(bytes int64) error {
	var received, committed, counted int64
	known := false
	taken := admission.Of(ctx)
	limit := h.Options.Import.Intake.Body
	return func(bytes int64) error {
		received += bytes
		all, numbers := h.receipts.add(id, part, received)
		if !known || received-counted > recountBytes {
			var err error
			if committed, err = h.Store.CommittedBytes(ctx, id, numbers); err != nil {
				return err
			}
			known, counted = true, received
		}
		if committed+all > limit {
			return store.UploadTooLarge(limit)
		}
		return taken.Receive(bytes)
	}
}
