// Package config defines the console's configuration.
package config

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/operations"
)

// Config is read from the environment by config.Load.
type Config struct {
	Redis    config.Redis
	Admin    config.Admin
	Shutdown config.Shutdown
	Web      config.Web
	TLS      config.TLS

	// Addr is the address, as host:port, at which the console listens. Without users and without
	// LONGSHORE_API_URL it must be a loopback address.
	Addr string `env:"LONGSHORE_CONSOLE_ADDR" envDefault:"127.0.0.1:8090"`
	// ConsoleURL is the address at which operators open the console, which answers for its host. Every
	// answer of the api about an operation contains a header Link to its page there. Empty omits the
	// header.
	ConsoleURL string `env:"LONGSHORE_CONSOLE_URL"`
	// DrainDelay is how long the server accepts requests after SIGTERM while it is not ready any
	// more, so that load balancers can stop sending them.
	DrainDelay time.Duration `env:"LONGSHORE_DRAIN_DELAY" envDefault:"0s"`
	// Viewers is the list of users who may only read: name:password pairs, separated by commas. A
	// password may be a bcrypt hash, as htpasswd -B prints it. If neither viewers nor operators are
	// set, the console requires no login, unless LONGSHORE_API_URL is set and the api requires one.
	Viewers []string `env:"LONGSHORE_CONSOLE_VIEWERS" secret:"users"`
	// Operators is the list of users who may also pause queues and run, archive or delete entries,
	// in the same form as LONGSHORE_CONSOLE_VIEWERS.
	Operators []string `env:"LONGSHORE_CONSOLE_OPERATORS" secret:"users"`
	// APIURL is the address at which the console reaches the api. With it, people log in to the console with
	// an API key (or at LONGSHORE_OIDC_ISSUER): operators see the queues, admins change them. Empty offers no
	// such login.
	APIURL string `env:"LONGSHORE_API_URL"`
	OIDC   OIDC
	// TraceURL is the address of a trace in the tool that shows your traces, with {trace_id} or
	// {operation} in the place of an id, such as https://traces.example.com/trace/{trace_id}. The page
	// of an operation links to it. An operation has a trace id there while its entries are in a
	// queue; {operation}, to which every span has the attribute longshore.operation, works longer.
	// Empty shows no link.
	TraceURL operations.TraceLink `env:"LONGSHORE_TRACE_URL"`
}

// Check validates the configuration.
func (c Config) Check() error {
	_, viewersErr := access.ParseUsers(c.Viewers, access.Viewer)
	_, operatorsErr := access.ParseUsers(c.Operators, access.Operator)
	return errors.Join(
		wrap("LONGSHORE_CONSOLE_VIEWERS", viewersErr),
		wrap("LONGSHORE_CONSOLE_OPERATORS", operatorsErr),
		c.checkOpen(),
		c.checkTraceURL(),
		c.checkAPI(),
		config.Positive("LONGSHORE_SHUTDOWN_GRACE", c.Shutdown.Grace),
	)
}

func wrap(variable string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", variable, err)
}

// checkOpen requires a loopback address for a console without logins.
func (c Config) checkOpen() error {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("LONGSHORE_CONSOLE_ADDR must be host:port: %w", err)
	}
	if len(c.Viewers)+len(c.Operators) > 0 || c.APIURL != "" || web.IsLoopback(host) {
		return nil
	}
	return errors.New("LONGSHORE_CONSOLE_ADDR must be a loopback address unless LONGSHORE_API_URL, LONGSHORE_CONSOLE_VIEWERS or LONGSHORE_CONSOLE_OPERATORS is set")
}

func (c Config) checkTraceURL() error {
	if c.TraceURL.Valid() {
		return nil
	}
	return errors.New("LONGSHORE_TRACE_URL must be an address with {trace_id} or {operation}, such as https://traces.example.com/trace/{trace_id}")
}

// Guard returns the guard of the configuration.
func (c Config) Guard() (*web.Guard, error) {
	return web.NewGuard(web.Options{Hosts: c.Web.Hosts, Addresses: []string{c.Addr, c.ConsoleURL}, Proxies: c.Web.TrustedProxies})
}

// Users returns the users who may log in. Without users the console requires no login.
func (c Config) Users() []access.User {
	viewers, _ := access.ParseUsers(c.Viewers, access.Viewer) // checked
	operators, _ := access.ParseUsers(c.Operators, access.Operator)
	return append(viewers, operators...)
}
