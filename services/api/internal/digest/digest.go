// Package digest checks the digests that clients send with bodies (RFC 9530).
package digest

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Wanted is the value of Want-Content-Digest: the algorithms that are checked, with their preferences.
const Wanted = "sha-256=10, sha-512=3"

// algorithms are those of RFC 9530 that are not deprecated.
var algorithms = map[string]func() hash.Hash{"sha-256": sha256.New, "sha-512": sha512.New}

// headers are the header fields that contain the digest of a body. Both are of the bytes as they are sent: the content
// of a request is its whole representation, with its content coding.
var headers = []string{"Content-Digest", "Repr-Digest"}

// promise is a digest that a header promises.
type promise struct {
	header, algorithm string
	sum               []byte
	hash              hash.Hash
}

// Check returns a body that ends with a fault of kind Malformed in place of io.EOF if it is not what the digests in the
// headers promise. It returns a fault of kind Malformed if a digest is malformed, or if there is none of an algorithm
// that can be checked: other ones beside it are ignored.
func Check(h http.Header, body io.ReadCloser) (io.ReadCloser, error) {
	var all []promise
	for _, name := range headers {
		promises, err := read(name, h.Values(name))
		if err != nil {
			return nil, err
		}
		all = append(all, promises...)
	}
	if len(all) == 0 || body == nil {
		return body, nil
	}
	return &checkedBody{ReadCloser: body, promises: all}, nil
}

// read parses a structured dictionary such as "sha-256=:base64:". Of equal keys the last one counts (RFC 9651, section 3.2).
func read(header string, lines []string) ([]promise, error) {
	found, given := make(map[string]promise), false
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(member), "=")
			given = given || name != ""
			newHash, known := algorithms[name]
			if !known {
				continue
			}
			p := promise{header: header, algorithm: name, hash: newHash()}
			var ok bool
			if p.sum, ok = parse(value); !ok || len(p.sum) != p.hash.Size() {
				return nil, fault.New(fault.Malformed, "invalid-digest",
					"%s must be %s=:…:, with the digest of the body as it is sent in base64 between the colons.", header, name)
			}
			found[name] = p
		}
	}
	if given && len(found) == 0 {
		return nil, fault.New(fault.Malformed, "unsupported-digest", "%s has no digest that can be checked: send sha-256 or sha-512.", header)
	}
	var promises []promise
	for _, p := range found {
		promises = append(promises, p)
	}
	return promises, nil
}

// parse returns the bytes of a structured byte sequence, whose parameters are ignored.
func parse(value string) (sum []byte, ok bool) {
	value, _, _ = strings.Cut(value, ";")
	encoded, opened := strings.CutPrefix(strings.TrimSpace(value), ":")
	encoded, closed := strings.CutSuffix(encoded, ":")
	sum, err := base64.StdEncoding.DecodeString(encoded)
	return sum, err == nil && opened && closed
}

// Format formats a SHA-256 as Content-Digest does.
func Format(sum []byte) string { return format("sha-256", sum) }

func format(algorithm string, sum []byte) string {
	return algorithm + "=:" + base64.StdEncoding.EncodeToString(sum) + ":"
}

// checkedBody is a body with promised digests.
type checkedBody struct {
	io.ReadCloser

	promises []promise
}

// Read implements io.Reader.
func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	for _, promised := range b.promises {
		_, _ = promised.hash.Write(p[:n]) // a hash never fails
	}
	if errors.Is(err, io.EOF) {
		if mismatch := b.compare(); mismatch != nil {
			return n, mismatch
		}
	}
	return n, err
}

func (b *checkedBody) compare() error {
	for _, p := range b.promises {
		if sum := p.hash.Sum(nil); !bytes.Equal(sum, p.sum) {
			return fault.New(fault.Malformed, "digest-mismatch",
				"The body is not what its %s promises. Nothing of it was kept; send it again.", p.header).
				With("received_digest", format(p.algorithm, sum))
		}
	}
	return nil
}
