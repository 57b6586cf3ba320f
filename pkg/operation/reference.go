package operation

import "crypto/rand"

// referenceLength is the number of base-32 digits. 80 bits are short enough to read aloud and too many
// to guess.
const referenceLength = 16

// NewReference returns a random reference: upper-case letters and digits (seed 000: HD6EKSD8DO9).
func NewReference() string { return rand.Text()[:referenceLength] }

// IsReference reports whether text has the form of a reference, so that other texts need no query.
func IsReference(text string) bool {
	if text == "" || len(text) > 32 { // the seed's column is VARCHAR(32)
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
