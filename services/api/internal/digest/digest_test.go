package digest_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/digest"
)

const body = "x"

var (
	ofBody    = digest.Format(sum256(body))
	longer    = "sha-512=:" + encode512(body) + ":"
	ofAnother = digest.Format(sum256("y"))
)

func sum256(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func encode512(text string) string {
	sum := sha512.Sum512([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content, repr string
		code          string
	}{
		"none":                         {"", "", ""},
		"sha-256":                      {ofBody, "", ""},
		"sha-512":                      {longer, "", ""},
		"of the representation":        {"", ofBody, ""},
		"both headers":                 {longer, ofBody, ""},
		"an unknown one beside it":     {"md5=:AAAA:,  " + ofBody, "", ""},
		"a parameter":                  {ofBody + ";a=1", "", ""},
		"the last of two counts":       {ofAnother + ", " + ofBody, "", ""},
		"wrong":                        {ofAnother, "", "digest-mismatch"},
		"wrong representation":         {ofBody, ofAnother, "digest-mismatch"},
		"one of two is wrong":          {longer + ", " + ofAnother, "", "digest-mismatch"},
		"unknown":                      {"md5=:AAAA:", "", "unsupported-digest"},
		"capitals":                     {"SHA-256=abc", "", "unsupported-digest"},
		"no value":                     {"sha-256", "", "invalid-digest"},
		"no colons":                    {"sha-256=abc", "", "invalid-digest"},
		"too short":                    {"sha-256=:AAAA:", "", "invalid-digest"},
		"no colon at the end":          {strings.TrimSuffix(ofBody, ":"), "", "invalid-digest"},
		"no base64":                    {"sha-256=:***:", "", "invalid-digest"},
		"malformed before a good one":  {"sha-256=:AAAA:, " + ofBody, "", "invalid-digest"},
		"malformed representation":     {"", "sha-512=:AAAA:", "invalid-digest"},
		"malformed of another is fine": {"crc32c=x, " + ofBody, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if tt.content != "" {
				h.Set("Content-Digest", tt.content)
			}
			if tt.repr != "" {
				h.Set("Repr-Digest", tt.repr)
			}
			checked, err := digest.Check(h, io.NopCloser(strings.NewReader(body)))
			var got []byte
			if err == nil {
				got, err = io.ReadAll(checked)
			}
			if tt.code == "" && (err != nil || string(got) != body) {
				t.Fatalf("Check() and ReadAll() = %q, %v, want the body", got, err)
			}
			if tt.code != "" && (!fault.Is(err, fault.Malformed) || fault.Of(err).Code != tt.code) {
				t.Errorf("Check() and ReadAll() = %v, want %s", err, tt.code)
			}
		})
	}
}

// FuzzCheck reads Content-Digest. A header is refused with a fault of kind Malformed, or the body is compared.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{ofBody, longer, ofAnother, "md5=:AA==:, " + ofBody + ";q=1", "sha-256", "sha-256=:AA==:", ofBody + "," + ofAnother, ",", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		checked, err := digest.Check(http.Header{"Content-Digest": {header}}, io.NopCloser(strings.NewReader(body)))
		if err == nil {
			_, err = io.ReadAll(checked)
		}
		if err != nil && !fault.Is(err, fault.Malformed) {
			t.Errorf("Check(%q) = %v, want none, or a fault of kind Malformed", header, err)
		}
		if (header == ofBody || header == longer) != (err == nil) && (header == ofBody || header == longer || header == ofAnother) {
			t.Errorf("Check(%q) = %v", header, err)
		}
	})
}
