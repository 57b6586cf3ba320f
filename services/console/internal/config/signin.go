package config

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/console/internal/apiclient"
	"github.com/longshore-io/longshore/services/console/internal/signin"
)

// OIDC configures logins at an OpenID Connect issuer.
type OIDC struct {
	// Issuer is the address of an OpenID Connect issuer, as in the claim iss of its tokens: https, or http on
	// this machine. The api accepts its bearer tokens beside API keys; it reads the issuer's keys when a token
	// needs them, and again every 5 minutes. People log in to the console there if LONGSHORE_OIDC_CLIENT_ID is
	// set, whose id must then be in the api's LONGSHORE_OIDC_AUDIENCE. Empty means none.
	Issuer string `env:"LONGSHORE_OIDC_ISSUER"`
	// ClientID is the id of the console's client at the issuer, whose redirect address is that of the console
	// with /login/callback.
	ClientID string `env:"LONGSHORE_OIDC_CLIENT_ID"`
	// ClientSecret is the secret of the console's client; empty for a public client, which PKCE protects.
	ClientSecret string `env:"LONGSHORE_OIDC_CLIENT_SECRET" secret:"all"`
	// Scopes is the list of the scopes that the console requests, separated by commas. openid is required.
	Scopes []string `env:"LONGSHORE_OIDC_SCOPES" envDefault:"openid,profile"`
}

// checkAPI checks the address of the api, and that logins at an issuer are complete.
func (c Config) checkAPI() error {
	var errs []error
	if u, err := url.Parse(c.APIURL); c.APIURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "") {
		errs = append(errs, errors.New("LONGSHORE_API_URL must be an absolute address, such as http://longshore-api:8080"))
	}
	if c.OIDC.ClientID == "" {
		return errors.Join(errs...)
	}
	if c.OIDC.Issuer == "" || c.APIURL == "" {
		errs = append(errs, errors.New("LONGSHORE_OIDC_CLIENT_ID needs LONGSHORE_OIDC_ISSUER and LONGSHORE_API_URL"))
	}
	if !slices.Contains(c.OIDC.Scopes, "openid") {
		errs = append(errs, errors.New("LONGSHORE_OIDC_SCOPES must contain openid"))
	}
	return errors.Join(errs...)
}

// SignIn returns the options of logins with a key and at the issuer, and whether there are any.
func (c Config) SignIn() (o signin.Options, ok bool) {
	if c.APIURL == "" {
		return signin.Options{}, false
	}
	base, _ := url.Parse(c.APIURL) // checked
	o = signin.Options{API: apiclient.New(base), Local: c.isLocal}
	if c.OIDC.ClientID != "" {
		o.Issuer = signin.NewIssuer(signin.IssuerOptions{
			URL: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: c.OIDC.ClientSecret, Scopes: c.OIDC.Scopes,
			Base: strings.TrimSuffix(c.ConsoleURL, "/"),
		})
	}
	return o, true
}

// isLocal reports whether a request comes from this machine: the console listens to it only and answers for
// no other host, and the request comes through no proxy.
func (c Config) isLocal(r *http.Request) bool {
	return c.Web.OnlyLocal(c.Addr, c.ConsoleURL) && !web.ThroughProxy(r.Header)
}
