package chunk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
)

func TestPackerAndOpener(t *testing.T) {
	t.Parallel()
	records := []string{`{"a":1}`, "", "\x00\xff\n", strings.Repeat("x", 1000), `{"b":2}`, "last"}
	packer := chunk.NewPacker(3, 500)
	var chunks []chunk.Chunk
	for _, r := range records {
		if packer.Add([]byte(r)) {
			chunks = append(chunks, packer.Cut())
		}
	}
	chunks = append(chunks, packer.Cut())
	var got []string
	var opener chunk.Opener
	for i, c := range chunks {
		if c.Seq != i || c.FirstRow != len(got)+1 {
			t.Errorf("chunk %d: Seq = %d, FirstRow = %d, want %d, %d", i, c.Seq, c.FirstRow, i, len(got)+1)
		}
		opened, err := opener.Open(c.Payload, c.Rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range opened {
			got = append(got, string(r))
		}
	}
	if diff := cmp.Diff(records, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	var rows []int
	for _, c := range chunks {
		rows = append(rows, c.Rows)
	}
	if diff := cmp.Diff([]int{3, 1, 2}, rows); diff != "" { // full by rows, full by bytes, the rest
		t.Errorf("rows of the chunks (-want +got):\n%s", diff)
	}
}

func TestOpenRejectsCorruptPayload(t *testing.T) {
	t.Parallel()
	packer := chunk.NewPacker(10, 1000)
	packer.Add([]byte("one"))
	packer.Add([]byte("two"))
	good := packer.Cut()
	for name, tt := range map[string]struct {
		payload []byte
		rows    int
	}{
		"empty":          {nil, 1},
		"not compressed": {[]byte("hello"), 1},
		"cut off":        {good.Payload[:len(good.Payload)-1], 2},
		"fewer rows":     {good.Payload, 1},
		"more rows":      {good.Payload, 3},
		"huge size":      {[]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := new(chunk.Opener).Open(tt.payload, tt.rows); !errors.Is(err, chunk.ErrCorrupt) {
				t.Errorf("Open() = %v, want ErrCorrupt", err)
			}
		})
	}
}

func TestPackOutcomes(t *testing.T) {
	t.Parallel()
	outcomes := []operation.Outcome{1, 1, 1, 2, 4, 4, 3, 1}
	packed := chunk.PackOutcomes(outcomes)
	got, err := chunk.OpenOutcomes(packed, len(outcomes))
	if err != nil || cmp.Diff(outcomes, got) != "" {
		t.Errorf("OpenOutcomes() = %v, %v, want %v, nil", got, err, outcomes)
	}
	equal := slices.Repeat([]operation.Outcome{operation.Created}, 5000)
	if packed := chunk.PackOutcomes(equal); len(packed) != 3 {
		t.Errorf("5000 equal outcomes take %d bytes, want 3", len(packed))
	}
	for _, rows := range []int{7, 9} {
		if _, err := chunk.OpenOutcomes(packed, rows); !errors.Is(err, chunk.ErrCorrupt) {
			t.Errorf("OpenOutcomes() of 8 outcomes for %d rows = %v, want ErrCorrupt", rows, err)
		}
	}
	if none, err := chunk.OpenOutcomes(nil, 2); err != nil || cmp.Diff([]operation.Outcome{0, 0}, none) != "" {
		t.Errorf("OpenOutcomes() of nothing = %v, %v, want two unprocessed, nil", none, err)
	}
}

// BenchmarkPack measures the time that the api spends on each chunk.
func BenchmarkPack(b *testing.B) {
	packer := chunk.NewPacker(5000, 4<<20)
	var size int64
	for b.Loop() {
		for i := range 5000 {
			packer.Add(fmt.Appendf(nil, `{"tool_id":"T%08d","tool_name":"Tool %d","category":"Finance"}`, i*7919, i))
		}
		size = int64(len(packer.Cut().Payload))
	}
	b.SetBytes(5000 * 70)
	b.ReportMetric(float64(size), "packed-bytes")
}
