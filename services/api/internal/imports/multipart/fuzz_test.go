package multipart

import (
	"bytes"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
)

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
