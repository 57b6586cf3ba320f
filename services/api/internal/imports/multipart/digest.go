package multipart

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// algorithm is the only digest algorithm; a client may send others beside it, which are ignored
// (RFC 9530 section 2).
const algorithm = "sha-256"

// readDigest parses Content-Digest (RFC 9530), a structured dictionary such as "sha-256=:base64:".
// It returns nil if the header has no digest of the algorithm.
func readDigest(h http.Header) ([]byte, error) {
	var last []byte
	for _, line := range h.Values("Content-Digest") {
		for member := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(member), "=")
			if name != algorithm {
				continue
			}
			value, _, _ = strings.Cut(value, ";") // parameters are ignored
			encoded, opened := strings.CutPrefix(strings.TrimSpace(value), ":")
			encoded, closed := strings.CutSuffix(encoded, ":")
			digest, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil || !opened || !closed || len(digest) != sha256.Size {
				return nil, fault.New(fault.Malformed, "invalid-digest",
					"Content-Digest must be sha-256=:…:, with the SHA-256 of the body as it is sent in base64 between the colons.")
			}
			last = digest // RFC 9651 section 3.2: of equal keys the last one counts
		}
	}
	return last, nil
}

// formatDigest formats a digest as Content-Digest does.
func formatDigest(digest []byte) string {
	return algorithm + "=:" + base64.StdEncoding.EncodeToString(digest) + ":"
}
