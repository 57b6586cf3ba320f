package multipart

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
)

// plainDigest matches a header with one digest and no parameters.
var plainDigest = regexp.MustCompile(`^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$`)

// FuzzReadDigest reads Content-Digest. A header with one digest is always read, and an accepted
// digest is written as it was sent, but for the bits of the last character that carry nothing (RFC 8941, 4.2.7).
func FuzzReadDigest(f *testing.F) {
	good := formatDigest(bytes.Repeat([]byte{7}, 32))
	for _, seed := range []string{good, "sha-256=:" + strings.Repeat("0", 42) + "1=:", "md5=:AA==:, " + good + ";q=1", "sha-256", "sha-256=:AA==:", "sha-256=" + strings.Trim(good, "sha-256="), good + "," + good} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		digest, err := readDigest(http.Header{"Content-Digest": {header}})
		switch {
		case err != nil:
			if !fault.Is(err, fault.Malformed) || plainDigest.MatchString(header) {
				t.Errorf("readDigest(%q) = %v, want a digest, or a fault of kind Malformed", header, err)
			}
		case digest == nil:
			if plainDigest.MatchString(header) {
				t.Errorf("readDigest(%q) found no digest", header)
			}
		case len(digest) != 32 || !strings.Contains(header, formatDigest(digest)[len("sha-256="):len("sha-256=:")+42]):
			t.Errorf("readDigest(%q) = %x, which is %s", header, digest, formatDigest(digest))
		}
	})
}

// FuzzReadFinishRequest reads bodies of upload-finish.
func FuzzReadFinishRequest(f *testing.F) {
	for _, seed := range []string{"", " ", `{"parts":3}`, `{"parts":1e1}`, `{"parts":-1}`, `{"Parts":1}`, `{"parts":1,"parts":2}`, "[[[["} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readFinishRequest(bytes.NewReader(body), 10)
		if err != nil && !fault.Is(err, fault.Malformed) {
			t.Errorf("readFinishRequest(%q) = %v, want a fault of kind Malformed", body, err)
		}
		if got.Parts < 0 || got.Parts > 10 {
			t.Errorf("readFinishRequest(%q) = %d parts, want at most 10", body, got.Parts)
		}
	})
}
