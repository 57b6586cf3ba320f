package config

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/services/api/internal/auth/issuer"
)

// OIDC configures the bearer tokens of an OpenID Connect issuer.
type OIDC struct {
	// Issuer is the address of an OpenID Connect issuer, as in the claim iss of its tokens: https, or http on
	// this machine. The api accepts its bearer tokens beside API keys; it reads the issuer's keys when a token
	// needs them, and again every 5 minutes. People log in to the console there if LONGSHORE_OIDC_CLIENT_ID is
	// set, whose id must then be in the api's LONGSHORE_OIDC_AUDIENCE. Empty means none.
	Issuer string `env:"LONGSHORE_OIDC_ISSUER"`
	// Audiences is the list of accepted audiences, separated by commas. A token must have one of them in its
	// claim aud. For logins to the console, the id of its client is one.
	Audiences []string `env:"LONGSHORE_OIDC_AUDIENCE"`
	// Algorithms is the list of accepted algorithms of signatures, separated by commas. Only algorithms with
	// a public key are possible.
	Algorithms []string `env:"LONGSHORE_OIDC_ALGORITHMS" envDefault:"RS256,ES256"`
	// ClockSkew is by how much the clocks of the issuer and of the api may differ.
	ClockSkew time.Duration `env:"LONGSHORE_OIDC_CLOCK_SKEW" envDefault:"30s"`
	// KeysMaxAge is how long the keys of an issuer that does not answer are still accepted.
	KeysMaxAge time.Duration `env:"LONGSHORE_OIDC_KEYS_MAX_AGE" envDefault:"1h"`
	// TenantClaim is the claim with the name of the tenant. A token without it is refused. Empty puts
	// all principals into the tenant "default". This and the following claims may be paths with dots, such as
	// realm_access.roles.
	TenantClaim string `env:"LONGSHORE_OIDC_TENANT_CLAIM"`
	// GroupsClaim is the claim with the groups of LONGSHORE_OIDC_BUNDLES.
	GroupsClaim string `env:"LONGSHORE_OIDC_GROUPS_CLAIM" envDefault:"groups"`
	// Bundles is the list of the bundles that the members of groups have: group=bundle, separated by
	// commas, such as data-team=importer,ops=operator. The group * has all principals.
	Bundles []string `env:"LONGSHORE_OIDC_BUNDLES"`
	// ActionsClaim is the claim with actions, such as scope: a list, or a text with blanks between them.
	// They are added to those of the groups. Values that are no actions are ignored. Empty reads none.
	ActionsClaim string `env:"LONGSHORE_OIDC_ACTIONS_CLAIM"`
	// CollectionsClaim is the claim with the collections that the principal may use, as names, or as the
	// beginnings of names with *. A token without it may use none. Empty allows all collections.
	CollectionsClaim string `env:"LONGSHORE_OIDC_COLLECTIONS_CLAIM"`
	// RoleClaim is the claim with the role in Postgres, for collections that are used with the role of their
	// caller. The role must be one of LONGSHORE_ROLES. Empty reads none.
	RoleClaim string `env:"LONGSHORE_OIDC_ROLE_CLAIM" envDefault:"role"`
}

// Check implements config.Checker.
func (o OIDC) Check() error {
	if o.Issuer == "" {
		return nil
	}
	errs := []error{o.checkIssuer(), config.Positive("LONGSHORE_OIDC_KEYS_MAX_AGE", o.KeysMaxAge)}
	if len(o.Audiences) == 0 {
		errs = append(errs, errors.New("LONGSHORE_OIDC_AUDIENCE must be set with LONGSHORE_OIDC_ISSUER: else tokens for other services would be accepted"))
	}
	for _, name := range o.Algorithms {
		if err := issuer.CheckAlgorithm(name); err != nil {
			errs = append(errs, fmt.Errorf("LONGSHORE_OIDC_ALGORITHMS: %q %w", name, err))
		}
	}
	bundles, err := issuer.ParseBundles(o.Bundles)
	if err != nil {
		errs = append(errs, fmt.Errorf("LONGSHORE_OIDC_BUNDLES: %w", err))
	}
	if len(bundles) == 0 && o.ActionsClaim == "" {
		errs = append(errs, errors.New("LONGSHORE_OIDC_BUNDLES or LONGSHORE_OIDC_ACTIONS_CLAIM must be set with LONGSHORE_OIDC_ISSUER: else tokens would allow nothing"))
	}
	if o.ClockSkew < 0 || o.ClockSkew > time.Hour {
		errs = append(errs, errors.New("LONGSHORE_OIDC_CLOCK_SKEW must be between 0s and 1h"))
	}
	return errors.Join(errs...)
}

func (o OIDC) checkIssuer() error {
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLocal(u.Hostname())) {
		return errors.New("LONGSHORE_OIDC_ISSUER must be an absolute https address; http is possible on this machine only")
	}
	return nil
}

// Options returns the options of the issuer, and whether there is one.
func (o OIDC) Options() (opts issuer.Options, ok bool) {
	bundles, _ := issuer.ParseBundles(o.Bundles) // checked
	return issuer.Options{
		URL: o.Issuer, Audiences: o.Audiences, Algorithms: o.Algorithms, ClockSkew: o.ClockSkew, KeysMaxAge: o.KeysMaxAge,
		Claims: issuer.Claims{
			Tenant: o.TenantClaim, Groups: o.GroupsClaim, Bundles: bundles, Actions: o.ActionsClaim, Collections: o.CollectionsClaim, Role: o.RoleClaim,
		},
	}, o.Issuer != ""
}
