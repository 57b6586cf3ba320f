//go:build !race

package intake_test

// flowSize is how many bytes TestMemoryStaysFlat splits; the others are how many it may allocate for a record:
// splitting allocates none, but encoding/csv makes one string of a row, and a list in a cell is cut.
const (
	flowSize    = 200_000_000
	perRecord   = 1
	perTableRow = 500
)
