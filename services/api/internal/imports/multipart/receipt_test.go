package multipart

import (
	"testing"

	"github.com/google/uuid"
)

// A part that is sent twice at the same time counts once, and parts of other uploads do not count.
func TestReceipts(t *testing.T) {
	t.Parallel()
	r := newReceipts()
	id, other := uuid.New(), uuid.New()
	ends := []func(){r.begin(id, 1), r.begin(id, 1), r.begin(id, 2), r.begin(other, 1)}
	r.add(other, 1, 1000)
	r.add(id, 1, 10)
	r.add(id, 2, 5)
	if all, numbers := r.add(id, 1, 8); all != 15 || len(numbers) != 2 {
		t.Errorf("add() = %d bytes of parts %v, want 15 of 2 parts", all, numbers)
	}
	ends[0]()
	if all, _ := r.add(id, 2, 6); all != 16 {
		t.Errorf("add() = %d, want 16: a request of part 1 goes on", all)
	}
	ends[1]()
	if all, _ := r.add(id, 2, 6); all != 6 {
		t.Errorf("add() = %d after the end of part 1, want 6", all)
	}
	ends[2]()
	ends[3]()
	if len(r.uploads) != 0 {
		t.Errorf("%d uploads are left, want 0", len(r.uploads))
	}
}
