package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"regexp"
	"strings"
)

// Secret is an API key in the form in which its owner sends it: lsk_<id>_<secret>. The id finds the
// key, the secret proves it. It is shown once, when the key is created; only its digest is stored.
type Secret struct {
	ID     string
	secret string
}

// The lengths of the parts of a key, in random bytes.
const (
	keyIDBytes     = 10
	keySecretBytes = 32
)

var (
	keyEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	keyPattern  = regexp.MustCompile(`^lsk_([a-z2-7]{16})_([a-z2-7]{52})$`)
)

// NewSecret returns a new random key.
func NewSecret() Secret { return Secret{randomText(keyIDBytes), randomText(keySecretBytes)} }

func randomText(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // never returns an error
	return keyEncoding.EncodeToString(random)
}

// ParseSecret parses a key. ok is false if the text does not have the form of one.
func ParseSecret(text string) (s Secret, ok bool) {
	parts := keyPattern.FindStringSubmatch(text)
	if parts == nil {
		return Secret{}, false
	}
	return Secret{parts[1], parts[2]}, true
}

// IsKey reports whether a bearer credential is meant to be an API key, valid or not.
func IsKey(text string) bool { return strings.HasPrefix(text, "lsk_") }

// Reveal returns the key as its owner sends it.
func (s Secret) Reveal() string { return "lsk_" + s.ID + "_" + s.secret }

// String returns the key without its secret, so that no log contains it.
func (s Secret) String() string { return "lsk_" + s.ID + "_…" }

// Digest returns what is stored of the secret: its SHA-256. A slow digest is not needed, because the
// secret has 256 random bits.
func (s Secret) Digest() []byte {
	sum := sha256.Sum256([]byte(s.secret))
	return sum[:]
}

// Matches reports in constant time whether the digest is that of the key.
func (s Secret) Matches(digest []byte) bool {
	return subtle.ConstantTimeCompare(s.Digest(), digest) == 1
}
