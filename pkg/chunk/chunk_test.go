package chunk_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
)

func TestChunksKeepEveryByteAndRow(t *testing.T) {
	t.Parallel()
	records := []string{`{"a":1}`, "", "\x00\xff\n", strings.Repeat("x", 1000), `{"b":2}`, "last"}
	packer := chunk.NewPacker(3, 500)
	var cut []chunk.Chunk
	for _, r := range records {
		if packer.Add([]byte(r)) {
			cut = append(cut, packer.Cut())
		}
	}
	cut = append(cut, packer.Cut())
	var got []string
	var opener chunk.Opener
	for i, c := range cut {
		if c.Seq != i || c.FirstRow != len(got)+1 {
			t.Errorf("chunk %d is %d from row %d, want row %d", i, c.Seq, c.FirstRow, len(got)+1)
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
	if len(cut) != 3 || cut[0].Rows != 3 || cut[1].Rows != 1 { // three by number, one by size, the rest
		t.Errorf("cut into %d chunks", len(cut))
	}
}

func TestOpenRefusesWhatPackDidNotWrite(t *testing.T) {
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
		"no compression": {[]byte("hello"), 1},
		"cut off":        {good.Payload[:len(good.Payload)-1], 2},
		"fewer rows":     {good.Payload, 1},
		"more rows":      {good.Payload, 3},
		"huge":           {[]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, 1},
	} {
		if _, err := new(chunk.Opener).Open(tt.payload, tt.rows); !errors.Is(err, chunk.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOutcomesGoBothWays(t *testing.T) {
	t.Parallel()
	outcomes := []operation.Outcome{1, 1, 1, 2, 4, 4, 3, 1}
	packed := chunk.PackOutcomes(outcomes)
	got, err := chunk.OpenOutcomes(packed, len(outcomes))
	if err != nil || cmp.Diff(outcomes, got) != "" {
		t.Errorf("got %v, %v", got, err)
	}
	uniform := bytes.Repeat([]byte{1}, 5000)
	same := make([]operation.Outcome, len(uniform))
	for i := range same {
		same[i] = operation.Created
	}
	if packed := chunk.PackOutcomes(same); len(packed) != 3 {
		t.Errorf("5000 equal outcomes take %d bytes", len(packed))
	}
	for _, rows := range []int{7, 9} {
		if _, err := chunk.OpenOutcomes(packed, rows); !errors.Is(err, chunk.ErrCorrupt) {
			t.Errorf("outcomes of 8 rows read as %d: %v", rows, err)
		}
	}
	if none, err := chunk.OpenOutcomes(nil, 2); err != nil || cmp.Diff([]operation.Outcome{0, 0}, none) != "" {
		t.Errorf("no outcomes: %v, %v", none, err)
	}
}

func FuzzOpen(f *testing.F) {
	packer := chunk.NewPacker(10, 1000)
	packer.Add([]byte(`{"a":1}`))
	f.Add(packer.Cut().Payload, 1)
	f.Fuzz(func(_ *testing.T, payload []byte, rows int) {
		if rows < 0 || rows > 1<<16 {
			return
		}
		_, _ = new(chunk.Opener).Open(payload, rows)
		_, _ = chunk.OpenOutcomes(payload, rows)
	})
}

// BenchmarkPack measures what the api pays for each chunk.
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
