package operation

import "crypto/rand"

// referenceLength in base 32 is 80 bits: short enough to read aloud, too many to guess.
const referenceLength = 16

// NewReference makes the reference of an operation: upper-case letters and digits (seed 000: HD6EKSD8DO9).
func NewReference() string { return rand.Text()[:referenceLength] }

// IsReference reports whether text can be a reference, so that nothing else is looked for.
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
