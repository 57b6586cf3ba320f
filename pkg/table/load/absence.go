package load

// absences are the different sets of columns that the records of a batch leave out, as bitmaps. The
// first is the empty set.
type absences struct {
	sets    []string
	numbers map[string]int32
	// next is the set of the record that is being added.
	next  []byte
	empty bool
}

func (a *absences) reset() {
	a.sets = append(a.sets[:0], "")
	clear(a.numbers)
}

// begin begins the set of a record of a table with so many columns.
func (a *absences) begin(columns int) {
	if size := (columns + 7) / 8; len(a.next) != size {
		a.next = make([]byte, size)
	}
	if !a.empty {
		clear(a.next)
	}
	a.empty = true
}

func (a *absences) add(column int) {
	a.next[column/8] |= 1 << (column % 8)
	a.empty = false
}

// number returns the number of the record's set.
func (a *absences) number() int32 {
	if a.empty {
		return 0
	}
	if n, known := a.numbers[string(a.next)]; known {
		return n
	}
	if a.numbers == nil {
		a.numbers = make(map[string]int32)
	}
	n := int32(len(a.sets)) //nolint:gosec // at most one for each record
	a.sets = append(a.sets, string(a.next))
	a.numbers[a.sets[n]] = n
	return n
}

// contains reports whether the set contains the column.
func contains(set string, column int) bool {
	return set != "" && set[column/8]>>(column%8)&1 == 1
}
