package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/longshore-io/longshore/pkg/web"
)

// IssuerOptions configure an Issuer.
type IssuerOptions struct {
	// URL is the address of the OpenID Connect issuer.
	URL string
	// ClientID and ClientSecret are the console's client at the issuer. A public client has no secret.
	ClientID, ClientSecret string
	Scopes                 []string
	// Base is the address at which browsers open the console; empty for that of each request.
	Base string
}

// Issuer is an OpenID Connect issuer at which people log in, by the code flow with PKCE (RFC 7636). It is
// safe for concurrent use.
type Issuer struct {
	opts IssuerOptions
	http *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
}

// requestTimeout bounds a request to the issuer.
const requestTimeout = 10 * time.Second

// NewIssuer returns an issuer. It sends no request before the first login.
func NewIssuer(opts IssuerOptions) *Issuer {
	return &Issuer{opts: opts, http: &http.Client{Timeout: requestTimeout}}
}

// discover returns the issuer's description of itself, which it requests once.
func (i *Issuer) discover(ctx context.Context) (*oidc.Provider, error) {
	i.mu.Lock()
	known := i.provider
	i.mu.Unlock()
	if known != nil {
		return known, nil
	}
	// The provider keeps the context for its keys, so it must outlive the request.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), i.http), i.opts.URL)
	if err != nil {
		return nil, fmt.Errorf("reading the description of the issuer: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.provider = provider
	return provider, nil
}

func (i *Issuer) config(provider *oidc.Provider, r *http.Request) *oauth2.Config {
	base := i.opts.Base
	if base == "" {
		base = web.Scheme(r) + "://" + r.Host
	}
	return &oauth2.Config{
		ClientID: i.opts.ClientID, ClientSecret: i.opts.ClientSecret, Endpoint: provider.Endpoint(), RedirectURL: base + CallbackPath, Scopes: i.opts.Scopes,
	}
}

const (
	// flowCookie is the cookie of a login in progress at the issuer.
	flowCookie = "longshore_flow"
	// flowLifetime is how long a person may take to log in at the issuer.
	flowLifetime = 15 * time.Minute
)

// flow is a login in progress: what ties the issuer's answer to the browser that started it.
type flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Return   string `json:"return"`
}

func (f flow) cookie() string {
	text, _ := json.Marshal(f) // strings only
	return base64.RawURLEncoding.EncodeToString(text)
}

func flowOf(r *http.Request) (f flow, ok bool) {
	cookie, err := r.Cookie(flowCookie)
	if err != nil {
		return flow{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(text, &f) != nil {
		return flow{}, false
	}
	return f, f.State != "" && f.Nonce != "" && f.Verifier != ""
}

// startAtIssuer leads to the issuer.
func (h *Handler) startAtIssuer(w http.ResponseWriter, r *http.Request) {
	f := flow{State: randomText(), Nonce: randomText(), Verifier: oauth2.GenerateVerifier(), Return: target(r.URL.Query().Get("return"))}
	provider, err := h.Issuer.discover(r.Context())
	if err != nil {
		h.Log.WarnContext(r.Context(), "login failed", slog.Any("error", err))
		h.show(w, r, http.StatusBadGateway, f.Return, "The issuer does not answer. Try again, or log in with a key.")
		return
	}
	setCookie(w, r, flowCookie, f.cookie(), time.Now().Add(flowLifetime), true)
	address := h.Issuer.config(provider, r).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	http.Redirect(w, r, address, http.StatusSeeOther) //nolint:gosec // G710: the configured issuer
}

// finishAtIssuer exchanges the code of the issuer for a token, and makes a session with it.
func (h *Handler) finishAtIssuer(w http.ResponseWriter, r *http.Request) {
	f, ok := flowOf(r)
	setCookie(w, r, flowCookie, "", time.Unix(1, 0), true)
	query := r.URL.Query()
	if !ok || query.Get("state") != f.State {
		h.show(w, r, http.StatusBadRequest, target(f.Return), "This login was not started here, or has expired. Start it again.")
		return
	}
	token, err := h.Issuer.exchange(r, f)
	if err != nil {
		h.Log.WarnContext(r.Context(), "login failed", slog.Any("error", err))
		h.show(w, r, http.StatusBadGateway, target(f.Return), "The issuer did not confirm the login. Start it again.")
		return
	}
	h.begin(w, r, token, target(f.Return))
}

var errToken = errors.New("the issuer's answer has no valid token")

// exchange exchanges the code for an ID token, and checks that it belongs to the login.
func (i *Issuer) exchange(r *http.Request, f flow) (token string, err error) {
	query := r.URL.Query()
	if refused := query.Get("error"); refused != "" {
		return "", fmt.Errorf("the issuer refused the login: %s", refused)
	}
	provider, err := i.discover(r.Context())
	if err != nil {
		return "", err
	}
	ctx := oidc.ClientContext(r.Context(), i.http)
	answer, err := i.config(provider, r).Exchange(ctx, query.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return "", fmt.Errorf("exchanging the code: %w", err)
	}
	token, ok := answer.Extra("id_token").(string)
	if !ok {
		return "", errToken
	}
	checked, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: i.opts.ClientID}).Verify(ctx, token)
	if err != nil {
		return "", fmt.Errorf("checking the token: %w", err)
	}
	if checked.Nonce != f.Nonce {
		return "", errToken
	}
	return token, nil
}
