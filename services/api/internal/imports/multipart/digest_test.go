package multipart

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
)

const formatted = "sha-256=:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=:"

func TestFormatDigest(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("x"))
	if got := formatDigest(sum[:]); got != formatted {
		t.Errorf("formatDigest() = %s, want %s", got, formatted)
	}
}

func TestReadDigest(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("x"))
	for header, found := range map[string]bool{
		formatted: true, " sha-512=:AAAA:,  " + formatted: true, formatted + ";a=1": true,
		"": false, "sha-512=:AAAA:": false, "SHA-256=abc": false,
	} {
		t.Run("header "+header, func(t *testing.T) {
			t.Parallel()
			want := ""
			if found {
				want = hex.EncodeToString(sum[:])
			}
			digest, err := readDigest(http.Header{"Content-Digest": {header}})
			if err != nil {
				t.Fatalf("readDigest() error: %v", err)
			}
			if got := hex.EncodeToString(digest); got != want {
				t.Errorf("readDigest() = %q, want %q", got, want)
			}
		})
	}
}

func TestReadDigestRejectsMalformed(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"sha-256", "sha-256=", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=", "sha-256=:***:",
		"sha-256=:AAAA:, " + formatted,
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			if digest, err := readDigest(http.Header{"Content-Digest": {header}}); !fault.Is(err, fault.Malformed) {
				t.Errorf("readDigest() = %x, %v, want a fault of kind Malformed", digest, err)
			}
		})
	}
}
