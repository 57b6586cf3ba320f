package config

import (
	"fmt"

	"github.com/longshore-io/longshore/pkg/web"
)

// Browsers configures what pages may do through the browsers of users.
type Browsers struct {
	// CORSOrigins is the list of origins, such as https://app.example.com, whose pages may read
	// answers and send requests, separated by commas. They send their token in the header
	// Authorization; cookies are not accepted. Neither * nor null is an origin. Empty allows no page
	// of another origin.
	CORSOrigins []string `env:"LONGSHORE_CORS_ORIGINS"`
	// ChangesByGet is whether GET /tasks/{n} may cancel with cancel=true and delete with prune=true, as
	// GeoGig's clients do. Such a request needs a token in the header Authorization or a browser's
	// statement that no page of another origin sent it; a request that is no browser's needs neither.
	// With false only other methods change anything.
	ChangesByGet bool `env:"LONGSHORE_CHANGES_BY_GET" envDefault:"true"`
}

// Check returns an error that names the value that is no origin.
func (b Browsers) Check() error {
	if _, err := web.NewOrigins(b.CORSOrigins); err != nil {
		return fmt.Errorf("LONGSHORE_CORS_ORIGINS: %w", err)
	}
	return nil
}

// documentedHost is the host in the documents that Longshore implements. RFC 2606 reserves the name, so no
// page of an attacker has it.
const documentedHost = "example.com"

// Guard returns the guard of the configuration. Unless hosts are configured, the api also answers for
// the host of the documents, so that their requests work as they are printed.
func (c Config) Guard() (*web.Guard, error) {
	hosts := c.Web.Hosts
	if len(hosts) == 0 {
		hosts = []string{documentedHost}
	}
	return web.NewGuard(web.Options{
		Hosts: hosts, Addresses: []string{c.Addr, c.PublicURL}, Proxies: c.Web.TrustedProxies, Origins: c.Browsers.CORSOrigins,
	})
}
