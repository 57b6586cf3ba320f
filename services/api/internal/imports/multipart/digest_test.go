package multipart

import (
	"bytes"
	"crypto/sha256"
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
)

func TestReadDigest(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("x"))
	good := formatDigest(sum[:])
	if good != "sha-256=:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=:" {
		t.Errorf("written as %s", good)
	}
	for given, want := range map[string]bool{
		good: true, " sha-512=:AAAA:,  " + good: true, good + ";a=1": true, "sha-256=:AAAA:, " + good: false,
		"": false, "sha-512=:AAAA:": false, "SHA-256=abc": false,
	} {
		digest, err := readDigest(http.Header{"Content-Digest": {given}})
		if bytes.Equal(digest, sum[:]) != want {
			t.Errorf("%q is read as %x, %v", given, digest, err)
		}
	}
	for _, bad := range []string{"sha-256", "sha-256=", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=", "sha-256=:***:"} {
		if digest, err := readDigest(http.Header{"Content-Digest": {bad}}); !fault.Is(err, fault.Malformed) {
			t.Errorf("%q is read as %x, %v", bad, digest, err)
		}
	}
}
