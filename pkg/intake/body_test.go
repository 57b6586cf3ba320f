package intake_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

// TestBodyDigest checks that the digest covers the received bytes, whether the records were read or
// not, also if they are compressed.
func TestBodyDigest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		coding string
		read   bool
	}{
		"plain":            {"identity", true},
		"gzip":             {"gzip", true},
		"zstd":             {"zstd", true},
		"records not read": {"gzip", false},
		"plain, not read":  {"identity", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			received := packed(t, "1\n2\n\n", tt.coding)
			body := intake.NewBody(strings.NewReader(received), small.Body, sha256.New())
			if tt.read {
				r, err := intake.Open(body, media(t, "application/x-ndjson", tt.coding), thingsCollection(t), small)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				for err == nil {
					_, err = r.Next()
				}
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
			}
			got, err := body.Digest()
			if want := sha256.Sum256([]byte(received)); err != nil || !slices.Equal(got, want[:]) {
				t.Errorf("Digest() = %x, %v, want %x, nil", got, err, want)
			}
		})
	}
}

func TestBodyDigestErrors(t *testing.T) {
	t.Parallel()
	const limit = 1000
	failed := io.MultiReader(strings.NewReader("1"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := intake.NewBody(failed, limit, sha256.New()).Digest(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Digest() of a failed transfer = %v, want io.ErrUnexpectedEOF", err)
	}
	endless := &repeater{unit: []byte("x")}
	if _, err := intake.NewBody(endless, limit, sha256.New()).Digest(); !fault.Is(err, fault.TooLarge) {
		t.Errorf("Digest() of an endless body = %v, want a fault of kind TooLarge", err)
	}
	none := intake.NewBody(strings.NewReader("1"), limit, nil)
	if digest, err := none.Digest(); digest != nil || err != nil || none.HasDigest() {
		t.Errorf("Digest() without a digest = %x, %v, want nil, nil", digest, err)
	}
}
