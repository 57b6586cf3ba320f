package operation

import "crypto/rand"

// referenceLength in base 32 is 80 bits: short enough to read aloud, too many to guess.
const referenceLength = 16

// NewReference makes the reference of an operation: upper-case letters and digits (seed 000: HD6EKSD8DO9).
func NewReference() string { return rand.Text()[:referenceLength] }
