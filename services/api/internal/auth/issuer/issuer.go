// Package issuer checks the bearer tokens of an OpenID Connect issuer, and derives principals from their
// claims.
package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
)

// Options configure an Issuer.
type Options struct {
	// URL is the address of the issuer, as in the claim iss of its tokens.
	URL string
	// Audiences are the accepted values of the claim aud, of which a token must have one.
	Audiences []string
	// Algorithms are the accepted algorithms of signatures.
	Algorithms []string
	// ClockSkew is by how much the clocks of the issuer and of the api may differ.
	ClockSkew time.Duration
	// KeysMaxAge is how long the keys of an issuer that does not answer are trusted.
	KeysMaxAge time.Duration
	// Claims say how principals are derived from claims.
	Claims Claims
}

// Issuer checks tokens. It is safe for concurrent use.
type Issuer struct {
	opts       Options
	algorithms []jose.SignatureAlgorithm
	keys       *keys
}

// requestTimeout bounds a request to the issuer.
const requestTimeout = 5 * time.Second

// New returns an issuer. It sends no request before the first token: the issuer need not run when the api
// starts.
func New(opts Options, log *slog.Logger) *Issuer {
	algorithms := make([]jose.SignatureAlgorithm, len(opts.Algorithms))
	for i, name := range opts.Algorithms {
		algorithms[i] = jose.SignatureAlgorithm(name)
	}
	client := &http.Client{Timeout: requestTimeout}
	return &Issuer{opts: opts, algorithms: algorithms, keys: newKeys(opts.URL, client, opts.KeysMaxAge, log)}
}

// IsToken reports whether a bearer credential has the form of a signed token (RFC 7515, section 3.1).
func IsToken(text string) bool { return strings.HasPrefix(text, "ey") && strings.Count(text, ".") == 2 }

// Authenticate checks a token and returns its principal and when it expires. The error is a fault of kind
// Unauthenticated for a token that is not valid, of kind Forbidden for one that lacks a claim, and of kind
// Unavailable if the keys of the issuer are not known and it does not answer.
func (i *Issuer) Authenticate(ctx context.Context, text string) (*access.Principal, time.Time, error) {
	signed, err := jose.ParseSignedCompact(text, i.algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, time.Time{}, invalid("It is not a token that is signed with one of the accepted algorithms.")
	}
	found, err := i.keys.find(ctx, signed.Signatures[0].Header.KeyID)
	if err != nil {
		return nil, time.Time{}, err
	}
	verifier := oidc.NewVerifier(i.opts.URL, &oidc.StaticKeySet{PublicKeys: found}, &oidc.Config{
		SkipClientIDCheck: true, SkipExpiryCheck: true, SupportedSigningAlgs: i.opts.Algorithms,
	})
	token, err := verifier.Verify(ctx, text)
	if err != nil {
		return nil, time.Time{}, invalid("Its signature or its issuer is not the right one.")
	}
	var claims json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return nil, time.Time{}, invalid("Its claims are not a JSON object.")
	}
	if err := i.check(token, claims); err != nil {
		return nil, time.Time{}, err
	}
	p, err := i.opts.Claims.principal(token.Subject, claims)
	return p, token.Expiry.Add(i.opts.ClockSkew), err
}

// check checks the audience, the times and the subject of a token (RFC 7519, section 4.1).
func (i *Issuer) check(token *oidc.IDToken, claims json.RawMessage) error {
	var times struct {
		NotBefore float64 `json:"nbf"`
		IssuedAt  float64 `json:"iat"`
	}
	if err := json.Unmarshal(claims, &times); err != nil {
		return invalid("Its times are not numbers.")
	}
	now := time.Now()
	latest := float64(now.Add(i.opts.ClockSkew).Unix())
	switch {
	case !slices.ContainsFunc(token.Audience, func(a string) bool { return slices.Contains(i.opts.Audiences, a) }):
		return invalid("It was issued for another audience.")
	case token.Subject == "" || len(token.Subject) > maxSubject || strings.ContainsFunc(token.Subject, isControl):
		return invalid("It has no valid claim sub.")
	case token.Expiry.IsZero() || token.Expiry.Unix() == 0:
		return invalid("It has no claim exp.")
	case token.Expiry.Year() > maxYear:
		return invalid("Its claim exp is not a time.")
	case now.After(token.Expiry.Add(i.opts.ClockSkew)):
		return Expired()
	case times.NotBefore > latest || times.IssuedAt > latest:
		return invalid("It is not valid yet.")
	}
	return nil
}

// maxYear is the last year of a time in JSON (RFC 3339).
const maxYear = 9999

// maxSubject is the maximum length of a subject (OpenID Connect Core, section 2).
const maxSubject = 255

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// Expired returns the fault for a token that has expired.
func Expired() error {
	return fault.New(fault.Unauthenticated, "credential-expired", "This token has expired. Get another one from its issuer.")
}

func invalid(why string) error {
	return fault.New(fault.Unauthenticated, "credential-invalid", "The token is not valid. %s", why)
}

// CheckAlgorithm returns an error unless the name is that of an algorithm with a public key: who can check
// a token must not be able to make one.
func CheckAlgorithm(name string) error {
	known := []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
	if slices.Contains(known, jose.SignatureAlgorithm(name)) {
		return nil
	}
	return errors.New("must be RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA")
}
