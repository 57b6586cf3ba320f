package operation

import (
	"bytes"
	"unicode/utf8"
)

// Reason is one reason why a record was rejected.
type Reason struct {
	// Pointer is a JSON Pointer (RFC 6901) into the record; empty means the record as a whole.
	Pointer string `json:"pointer"`
	// Code is stable: lower-case words joined by hyphens, such as "duplicate-member".
	Code string `json:"code"`
	// Message describes the error and the expected value for people.
	Message string `json:"message"`
}

// Rejection is a record that failed.
type Rejection struct {
	// Row is the number of the record in the import, from 1.
	Row int
	// Received are the bytes that the client sent.
	Received []byte
	Reasons  []Reason
}

// ReceivedText returns the received bytes as valid UTF-8, which JSON requires: invalid bytes are
// replaced by U+FFFD. Valid bytes are returned without a copy.
func (r Rejection) ReceivedText() []byte {
	if utf8.Valid(r.Received) {
		return r.Received
	}
	return bytes.ToValidUTF8(r.Received, []byte("\uFFFD"))
}
