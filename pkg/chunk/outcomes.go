package chunk

import (
	"encoding/binary"

	"github.com/longshore-io/longshore/pkg/operation"
)

// PackOutcomes encodes the outcomes of a chunk's records in row order as runs, each a length and an
// outcome. 5000 equal outcomes take three bytes.
func PackOutcomes(outcomes []operation.Outcome) []byte {
	var packed []byte
	for start := 0; start < len(outcomes); {
		end := start + 1
		for end < len(outcomes) && outcomes[end] == outcomes[start] {
			end++
		}
		packed = binary.AppendUvarint(packed, uint64(end-start)) //nolint:gosec // positive
		packed = append(packed, byte(outcomes[start]))
		start = end
	}
	return packed
}

// OpenOutcomes decodes the result of PackOutcomes for a chunk of rows records. An empty encoding means
// that the chunk was not processed.
func OpenOutcomes(packed []byte, rows int) ([]operation.Outcome, error) {
	outcomes := make([]operation.Outcome, 0, rows)
	if len(packed) == 0 {
		return outcomes[:rows], nil // Unprocessed is the zero value
	}
	for len(packed) > 0 {
		run, n := binary.Uvarint(packed)
		if n <= 0 || n >= len(packed) || run > uint64(rows-len(outcomes)) { //nolint:gosec // never more than rows
			return nil, ErrCorrupt
		}
		for range run {
			outcomes = append(outcomes, operation.Outcome(packed[n]))
		}
		packed = packed[n+1:]
	}
	if len(outcomes) != rows {
		return nil, ErrCorrupt
	}
	return outcomes, nil
}
