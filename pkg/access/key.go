package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"regexp"
	"strings"
)

// Secret is a credential that Longshore issues, in the form in which its owner sends it: lsk_<id>_<secret>
// for an API key, lst_… for a short token, lss_… for a session. The id finds it, the secret proves it. It
// is shown once, when it is made; only its digest is stored.
type Secret struct {
	// Kind is Key, Token or Session.
	Kind   Kind
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
	keyPattern  = regexp.MustCompile(`^(ls[kts]_)([a-z2-7]{16})_([a-z2-7]{52})$`)
	prefixes    = map[Kind]string{Key: "lsk_", Token: "lst_", Session: "lss_"}
)

// NewSecret returns a new random key.
func NewSecret() Secret { return NewCredential(Key) }

// NewCredential returns a new random credential of the kind Key, Token or Session.
func NewCredential(kind Kind) Secret {
	return Secret{kind, randomText(keyIDBytes), randomText(keySecretBytes)}
}

func randomText(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // never returns an error
	return keyEncoding.EncodeToString(random)
}

// ParseSecret parses a credential that Longshore issued. ok is false if the text does not have the form of
// one.
func ParseSecret(text string) (s Secret, ok bool) {
	parts := keyPattern.FindStringSubmatch(text)
	if parts == nil {
		return Secret{}, false
	}
	for kind, prefix := range prefixes {
		if prefix == parts[1] {
			s = Secret{kind, parts[2], parts[3]}
		}
	}
	return s, true
}

// IsIssuedHere reports whether a bearer credential is meant to be one that Longshore issued, valid or not.
func IsIssuedHere(text string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// Reveal returns the credential as its owner sends it.
func (s Secret) Reveal() string { return prefixes[s.Kind] + s.ID + "_" + s.secret }

// String returns the credential without its secret, so that no log contains it.
func (s Secret) String() string { return prefixes[s.Kind] + s.ID + "_…" }

// Digest returns what is stored of the secret: its SHA-256. A slow digest is not needed, because the
// secret has 256 random bits.
func (s Secret) Digest() []byte {
	sum := sha256.Sum256([]byte(s.secret))
	return sum[:]
}

// Matches reports in constant time whether the digest is that of the credential.
func (s Secret) Matches(digest []byte) bool {
	return subtle.ConstantTimeCompare(s.Digest(), digest) == 1
}
