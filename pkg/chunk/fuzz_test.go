package chunk_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
)

// FuzzOpen opens damaged payloads. The error is ErrCorrupt.
func FuzzOpen(f *testing.F) {
	packer := chunk.NewPacker(10, 1000)
	packer.Add([]byte(`{"a":1}`))
	f.Add(packer.Cut().Payload, 1)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, 1)
	f.Fuzz(func(t *testing.T, payload []byte, rows int) {
		if rows < 0 || rows > 1<<16 {
			return
		}
		records, err := new(chunk.Opener).Open(payload, rows)
		if err == nil && len(records) != rows || err != nil && !errors.Is(err, chunk.ErrCorrupt) {
			t.Errorf("Open() = %d records, %v, want %d, or ErrCorrupt", len(records), err, rows)
		}
		outcomes, err := chunk.OpenOutcomes(payload, rows)
		if err == nil && len(outcomes) != rows || err != nil && !errors.Is(err, chunk.ErrCorrupt) {
			t.Errorf("OpenOutcomes() = %d outcomes, %v, want %d, or ErrCorrupt", len(outcomes), err, rows)
		}
	})
}

// FuzzPack packs records and outcomes, and opens them again.
func FuzzPack(f *testing.F) {
	f.Add([]byte("{}\n[]\n\n{\"a\":1}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		records := bytes.Split(text, []byte("\n"))
		packer := chunk.NewPacker(len(records)+1, len(text)+1)
		outcomes := make([]operation.Outcome, len(records))
		for i, r := range records {
			packer.Add(r)
			outcomes[i] = operation.Outcome(len(r) % 5)
		}
		got, err := new(chunk.Opener).Open(packer.Cut().Payload, len(records))
		if err != nil || !bytes.Equal(bytes.Join(got, []byte("\n")), text) {
			t.Errorf("Open() = %q, %v, want %q, nil", got, err, records)
		}
		again, err := chunk.OpenOutcomes(chunk.PackOutcomes(outcomes), len(outcomes))
		if diff := cmp.Diff(outcomes, again); err != nil || diff != "" {
			t.Errorf("OpenOutcomes() (%v, -want +got):\n%s", err, diff)
		}
	})
}
