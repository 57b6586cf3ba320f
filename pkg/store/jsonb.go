package store

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/query"
)

// maxDepth is the deepest nesting that is stored as JSONB. Postgres's own limit is its stack
// (SQLSTATE 54001).
const maxDepth = 1000

// asJSONB returns the record unchanged if JSONB can store it without loss, and otherwise its text
// as one JSON string. The received bytes are always stored in a column of their own, too.
func asJSONB(received []byte) []byte {
	if fitsJSONB(received) {
		return received
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(string(received), "\uFFFD"), "\x00", "\uFFFD")
	quoted, err := json.Marshal(text)
	if err != nil {
		return []byte(`""`)
	}
	return quoted
}

// fitsJSONB returns false for every text that JSONB might refuse or store with a loss, and for some
// that it would accept. Strict JSON (RFC 7493) excludes duplicate member names, of which JSONB
// keeps only the last, invalid UTF-8, and unpaired surrogates.
func fitsJSONB(received []byte) bool {
	return jsontext.Value(received).IsValid() && !hasNUL(received) && !exceedsJSONB(received)
}

// hasNUL reports whether the text contains the escape of NUL, which JSONB refuses.
func hasNUL(text []byte) bool { return bytes.Contains(text, []byte(`\u0000`)) }

// exceedsJSONB reports whether a valid text has a number that is too long, or nesting that is too
// deep, for JSONB.
func exceedsJSONB(text []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false // the end of the text
		}
		if dec.StackDepth() > maxDepth || token.Kind() == '0' && query.IsLongNumber(token.String()) {
			return true
		}
	}
}
