package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/web"
)

// Web configures which requests the api and the console answer.
type Web struct {
	// Hosts is the list of host names for which a service answers, on any port, separated by commas,
	// in addition to the names of its own addresses: that of the address at which it listens, of
	// LONGSHORE_PUBLIC_URL (api), of LONGSHORE_CONSOLE_URL (console), localhost, the loopback
	// addresses, and the IP address at which a connection arrives. Requests for other hosts are
	// answered with 421, because a web page can give its own name the address of this machine (DNS
	// rebinding). Name the Service and other names inside a cluster here. If it is empty, the api also
	// answers for example.com, which is reserved for documents.
	Hosts []string `env:"LONGSHORE_HOSTS"`
	// TrustedProxies is the list of networks, such as 10.0.0.0/8, and IP addresses of the proxies in
	// front of a service, separated by commas. From them, Forwarded or X-Forwarded-For, -Proto and -Host
	// say who the client is and which address it used, and X-Forwarded-Prefix with which path the proxy's own
	// addresses begin, if it removes that from requests (the api puts it before its links, unless LONGSHORE_PUBLIC_URL is set); the client is the rightmost address that is not
	// a trusted proxy. From all others these headers are ignored.
	TrustedProxies []string `env:"LONGSHORE_TRUSTED_PROXIES"`
}

// Check returns an error for each variable with an invalid value.
func (w Web) Check() error {
	_, hostsErr := web.NewHosts(w.Hosts)
	_, proxiesErr := web.ParseProxies(w.TrustedProxies)
	return errors.Join(named("LONGSHORE_HOSTS", hostsErr), named("LONGSHORE_TRUSTED_PROXIES", proxiesErr))
}

// OnlyLocal reports whether a service that listens at addr can be reached from its own machine only, as far as
// its configuration says: addr is a loopback address, its own addresses and its hosts name no other machine, and
// it trusts no proxy. An empty address is none.
func (w Web) OnlyLocal(addr string, addresses ...string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	foreign := slices.ContainsFunc(w.Hosts, func(host string) bool { return !isLocal(host) }) ||
		slices.ContainsFunc(addresses, func(address string) bool {
			u, err := url.Parse(address)
			return address != "" && (err != nil || !isLocal(u.Hostname()))
		})
	return isLocal(host) && !foreign && len(w.TrustedProxies) == 0
}

func isLocal(host string) bool { return web.IsLoopback(strings.ToLower(host)) }

func named(variable string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", variable, err)
}
