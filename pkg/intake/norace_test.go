//go:build !race

package intake_test

// flowSize is the number of bytes that TestMemory reads. maxPerRecord and maxPerRow are the bytes
// that it may allocate for each record: the parsers of JSON and NDJSON allocate none, but encoding/csv
// allocates a string for each row, and arrays in cells are split.
const (
	flowSize     = 200_000_000
	maxPerRecord = 1
	maxPerRow    = 500
)
