package staging_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/staging"
)

// freeBytes is the size of the buffer that needs no memory of others.
const freeBytes = 64 << 10

// fakeMemory admits at most limit bytes.
type fakeMemory struct {
	limit, used, most int64
	short             bool
	// refused is the error of Reserve beyond the limit.
	refused error
}

func (m *fakeMemory) Reserve(_ context.Context, bytes int64) error {
	if !m.TryReserve(bytes) {
		return m.refused
	}
	return nil
}

func (m *fakeMemory) TryReserve(bytes int64) bool {
	if m.used+bytes > m.limit {
		return false
	}
	m.used += bytes
	m.most = max(m.most, m.used)
	return true
}

func (m *fakeMemory) Free(bytes int64) { m.used -= bytes }
func (m *fakeMemory) Short() bool      { return m.short }

// equalRecords is a stream of records of the same size, each after a delay.
type equalRecords struct {
	n, size int
	delay   time.Duration
}

// Next returns the next record.
func (r *equalRecords) Next() ([]byte, error) {
	if r.n == 0 {
		return nil, io.EOF
	}
	r.n--
	time.Sleep(r.delay) // the clock of the bubble
	return bytes.Repeat([]byte("x"), r.size), nil
}

// stagedChunks runs a plan in a bubble and returns the rows of all chunks, and of the largest one.
func stagedChunks(t *testing.T, m *fakeMemory, records *equalRecords) (rows, largest int, err error) {
	t.Helper()
	plan := staging.Plan{Rows: 1000, Bytes: 1 << 20, Memory: m, Stage: func(_ context.Context, c chunk.Chunk) error {
		rows, largest = rows+c.Rows, max(largest, c.Rows)
		return nil
	}}
	last, err := plan.Run(t.Context(), records)
	return rows + last.Rows, max(largest, last.Rows), err
}

// An upload holds no more memory than it has reserved: without any its chunks are as small as the free
// buffer, and a slow upload returns what it holds when others need it.
func TestPlanRunReservesMemory(t *testing.T) {
	t.Parallel()
	const plenty, size = 1 << 30, 10_000
	for name, tt := range map[string]struct {
		memory               fakeMemory
		delay                time.Duration
		minLargest, maxLarge int // records of the largest chunk
		reserves             bool
	}{
		"plenty":                  {fakeMemory{limit: plenty}, 0, 105, 105, true},
		"none":                    {fakeMemory{}, 0, 2, freeBytes / size, false},
		"a little":                {fakeMemory{limit: 3 * freeBytes}, 0, freeBytes/size + 1, 2 * freeBytes / size, true},
		"short, and a slow one":   {fakeMemory{limit: plenty, short: true}, 600 * time.Millisecond, 1, freeBytes/size + 2, true},
		"plenty, and a slow one":  {fakeMemory{limit: plenty}, 600 * time.Millisecond, 105, 105, true},
		"short, and a fast chunk": {fakeMemory{limit: plenty, short: true}, 0, 105, 105, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rows, largest, err := stagedChunks(t, &tt.memory, &equalRecords{n: 500, size: size, delay: tt.delay})
				if err != nil || rows != 500 {
					t.Errorf("Run() = %v with %d rows, want all 500", err, rows)
				}
				if largest < tt.minLargest || largest > tt.maxLarge {
					t.Errorf("the largest chunk has %d rows, want %d to %d", largest, tt.minLargest, tt.maxLarge)
				}
				if tt.memory.used != 0 || (tt.memory.most > 0) != tt.reserves {
					t.Errorf("%d bytes are left, %d were reserved at most, want 0, and some: %t", tt.memory.used, tt.memory.most, tt.reserves)
				}
			})
		})
	}
}

// A record that is larger than the free buffer cannot be divided: without memory for it the upload is
// refused, and returns what it has.
func TestPlanRunRefusesLargeRecord(t *testing.T) {
	t.Parallel()
	m := &fakeMemory{limit: 4 * freeBytes, refused: errors.New("no memory")}
	if _, _, err := stagedChunks(t, m, &equalRecords{n: 3, size: freeBytes + 1}); err != nil {
		t.Errorf("Run() = %v with memory for a large record, want nil", err)
	}
	if _, _, err := stagedChunks(t, m, &equalRecords{n: 3, size: 4 * freeBytes}); !errors.Is(err, m.refused) {
		t.Errorf("Run() = %v without memory for a large record, want %v", err, m.refused)
	}
	if m.used != 0 {
		t.Errorf("%d bytes are left, want 0", m.used)
	}
}
