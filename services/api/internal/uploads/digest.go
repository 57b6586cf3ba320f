package uploads

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// algorithm is the one that is computed; others that a client may send beside it are ignored (RFC 9530, 2).
const algorithm = "sha-256"

// readDigest reads Content-Digest (RFC 9530): "sha-256=:base64:", a dictionary of structured fields. It returns nil if there is none for
// the algorithm.
func readDigest(h http.Header) ([]byte, error) {
	var found []byte
	for _, line := range h.Values("Content-Digest") {
		for member := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(member), "=")
			if name != algorithm {
				continue
			}
			value, _, _ = strings.Cut(value, ";") // parameters say nothing here
			encoded, opened := strings.CutPrefix(strings.TrimSpace(value), ":")
			encoded, closed := strings.CutSuffix(encoded, ":")
			digest, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil || !opened || !closed || len(digest) != sha256.Size {
				return nil, fault.New(fault.Malformed, "invalid-digest",
					"Content-Digest must be sha-256=:…:, with the SHA-256 of the body as it is sent in base64 between the colons.")
			}
			found = digest // of equal names the last one counts (RFC 9651, 3.2)
		}
	}
	return found, nil
}

func formatDigest(digest []byte) string {
	return algorithm + "=:" + base64.StdEncoding.EncodeToString(digest) + ":"
}
