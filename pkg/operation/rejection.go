package operation

import (
	"bytes"
	"unicode/utf8"
)

// Reason is one cause why a record was rejected.
type Reason struct {
	// Pointer is a JSON Pointer (RFC 6901) into the record; empty means the record as a whole.
	Pointer string `json:"pointer"`
	// Code is stable, lower-case words joined by hyphens, such as "duplicate-member".
	Code string `json:"code"`
	// Message is for people: it says what is wrong and what is expected.
	Message string `json:"message"`
}

// Rejection is a record that failed.
type Rejection struct {
	// Row counts from 1 in the order received.
	Row int
	// Received is the record byte for byte as the client sent it.
	Received []byte
	Reasons  []Reason
}

// ReceivedText returns the record as JSON text: as received, except that bytes that are no UTF-8, which JSON can't carry, are
// replaced by U+FFFD. A record that is UTF-8 is returned itself and not copied.
func (r Rejection) ReceivedText() []byte {
	if utf8.Valid(r.Received) {
		return r.Received
	}
	return bytes.ToValidUTF8(r.Received, []byte("\uFFFD"))
}
