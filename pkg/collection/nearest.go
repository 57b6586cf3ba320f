package collection

import "strings"

// Nearest returns the name that was probably meant by one that does not exist: the same in other letters, or
// one with a wrong, missing, additional or swapped letter, or two if the name is not short.
func Nearest(given string, names []string) (name string, ok bool) {
	const short, long = 4, 7
	for _, candidate := range names {
		if strings.EqualFold(candidate, given) {
			return candidate, true
		}
	}
	if len(given) < short {
		return "", false
	}
	allowed := 1
	if len(given) >= long {
		allowed = 2
	}
	best := allowed + 1
	for _, candidate := range names {
		if n := distance(given, candidate); len(candidate) >= short && n < best {
			name, best = candidate, n
		}
	}
	return name, best <= allowed
}

// distance returns how many letters must be replaced, inserted, removed or swapped with their neighbour to
// make y of x.
func distance(x, y string) int {
	before, last := []int(nil), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}
