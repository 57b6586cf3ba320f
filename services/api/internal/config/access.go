package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/quota"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/auth"
)

// Access configures who may send requests.
type Access struct {
	// Auth is which requests need a credential: on (all), off (none: every client is an administrator,
	// which is for those who put a gate of their own before the api), or auto. With auto, a request
	// without a credential is served if the api listens to its own machine only (LONGSHORE_ADDR is a
	// loopback address, LONGSHORE_PUBLIC_URL and LONGSHORE_HOSTS name no other machine, and
	// LONGSHORE_TRUSTED_PROXIES is empty) and the request comes through no proxy. A credential that is sent is always checked.
	Auth auth.Mode `env:"LONGSHORE_AUTH" envDefault:"auto"`
	// FirstKey is the key of an administrator that the api stores when it starts and there is no key yet,
	// for installations that keep their first key in a secret: lsk_, 16 characters, _ and 52 characters,
	// each of a-z and 2-7. Empty stores none; the command keys create makes keys too.
	FirstKey string `env:"LONGSHORE_FIRST_KEY" secret:"all"`
	// TenantLimits is what each tenant may use that has no limits of its own (api limits set): a JSON object with
	// requests_per_day, bytes_per_day, records_per_day, concurrent_operations, queued_operations and
	// staged_bytes. Limits that are missing or 0 do not exist. Empty limits nothing.
	TenantLimits string `env:"LONGSHORE_TENANT_LIMITS"`
	// SessionLifetime is how long a login to the console lasts.
	SessionLifetime time.Duration `env:"LONGSHORE_SESSION_LIFETIME" envDefault:"12h"`
}

// Check implements config.Checker.
func (a Access) Check() error {
	if first, ok := access.ParseSecret(a.FirstKey); a.FirstKey != "" && (!ok || first.Kind != access.Key) {
		return errors.New("LONGSHORE_FIRST_KEY must be lsk_, an id of 16 characters, _ and a secret of 52 characters, each of a-z and 2-7")
	}
	if err := config.Positive("LONGSHORE_SESSION_LIFETIME", a.SessionLifetime); err != nil {
		return err
	}
	if _, err := a.Limits(); err != nil {
		return fmt.Errorf("LONGSHORE_TENANT_LIMITS: %w", err)
	}
	switch a.Auth {
	case auth.Auto, auth.On, auth.Off:
		return nil
	}
	return fmt.Errorf("LONGSHORE_AUTH must be auto, on or off, not %q", a.Auth)
}

// Limits returns the limits of tenants without limits of their own.
func (a Access) Limits() (quota.Limits, error) {
	if a.TenantLimits == "" {
		return quota.Limits{}, nil
	}
	return quota.Parse([]byte(a.TenantLimits))
}

// Options returns the options of the authenticator of an api that listens at addr. The api is not local
// if it answers for the hosts of other machines or trusts proxies.
func (a Access) Options(addr, publicURL string, w config.Web) auth.Options {
	return auth.Options{Mode: a.Auth, FirstKey: a.FirstKey, Local: w.OnlyLocal(addr, publicURL)}
}

func isLocal(host string) bool { return web.IsLoopback(strings.ToLower(host)) }
