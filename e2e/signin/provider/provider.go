// Package provider is an OpenID Connect provider for tests, which runs as a process of its own: the
// example server of the library zitadel/oidc, with groups, tenants, and keys that change on request.
package provider

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The names and passwords of the provider. The service gets tokens by its credentials; User logs in on a
// page.
const (
	ServiceID     = "sid1"
	ServiceSecret = "verysecret"
	ClientID      = "longshore-console"
	ClientSecret  = "of the console"
	User          = "test-user2"
	Password      = "verysecure"
)

// RotatePath is the path at which a POST request makes the provider sign with a new key and forget the old
// one.
const RotatePath = "/rotate"

// Serve serves the provider at an address of this machine until the process ends.
func Serve(address string) error {
	issuer := "http://" + address + "/"
	console := storage.WebClient(ClientID, ClientSecret)
	s := &store{Storage: storage.NewStorageWithClients(storage.NewUserStore(issuer), map[string]*storage.Client{ClientID: console})}
	s.rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+RotatePath, func(http.ResponseWriter, *http.Request) { s.rotate() })
	mux.Handle("/", exampleop.SetupServer(issuer, s, slog.New(slog.NewTextHandler(os.Stderr, nil)), true))
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}

// store is the library's storage with changing keys and additional claims.
type store struct {
	*storage.Storage

	mu  sync.Mutex
	key key
}

// key is a key that signs tokens.
type key struct {
	id      string
	private *rsa.PrivateKey
}

// ID implements op.SigningKey and op.Key.
func (k key) ID() string { return k.id }

// SignatureAlgorithm implements op.SigningKey.
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// Key implements op.SigningKey.
func (k key) Key() any { return k.private }

// public is the public part of a key.
type public struct{ key }

// Algorithm implements op.Key.
func (p public) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }

// Use implements op.Key.
func (p public) Use() string { return "sig" }

// Key implements op.Key.
func (p public) Key() any { return &p.private.PublicKey }

func (s *store) rotate() {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key{rand.Text(), private}
}

func (s *store) current() key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

// SigningKey implements op.Storage.
func (s *store) SigningKey(context.Context) (op.SigningKey, error) { return s.current(), nil }

// KeySet implements op.Storage.
func (s *store) KeySet(context.Context) ([]op.Key, error) { return []op.Key{public{s.current()}}, nil }

// claims returns the additional claims: the service imports for the tenant acme, people are admins of the
// tenant default.
func claims(subject string) map[string]any {
	if subject == ServiceID {
		return map[string]any{"groups": []string{"loaders"}, "org": "acme"}
	}
	return map[string]any{"groups": []string{"admins"}, "org": "default"}
}

// GetPrivateClaimsFromScopes implements op.Storage: the claims of access tokens.
func (s *store) GetPrivateClaimsFromScopes(_ context.Context, subject, _ string, _ []string) (map[string]any, error) {
	return claims(subject), nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest: the claims of ID tokens.
func (s *store) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, request op.IDTokenRequest, _ []string) error {
	info.Subject = request.GetSubject()
	for name, value := range claims(request.GetSubject()) {
		info.AppendClaims(name, value)
	}
	return nil
}

// ClientCredentials implements op.ClientCredentialsStorage, with tokens that the api can check.
func (s *store) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	client, err := s.Storage.ClientCredentials(ctx, id, secret)
	return service{client}, err
}

// service is a client with signed access tokens.
type service struct{ op.Client }

// AccessTokenType implements op.Client.
func (service) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

// GetClientByClientID implements op.Storage.
func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	client, err := s.Storage.GetClientByClientID(ctx, id)
	return console{client}, err
}

// console is a client whose redirect addresses may have any port.
type console struct{ op.Client }

// RedirectURIGlobs implements op.HasRedirectGlobs.
func (console) RedirectURIGlobs() []string { return []string{"http://127.0.0.1:*/login/callback"} }

// PostLogoutRedirectURIGlobs implements op.HasRedirectGlobs.
func (console) PostLogoutRedirectURIGlobs() []string { return nil }
