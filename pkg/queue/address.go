package queue

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// forms lists the accepted addresses, for error messages.
const forms = "redis://host:6379/0, redis-sentinel://host1:26379,host2:26379/name-of-the-master or " +
	"redis-cluster://host1:6379,host2:6379; rediss, rediss-sentinel and rediss-cluster use TLS"

var (
	errNoURL        = errors.New("it is no URL; characters of the password other than letters and digits must be percent-encoded")
	errForm         = errors.New("its form must be " + forms)
	errSeveralHosts = errors.New("it names several hosts, and redis:// names one server: for Sentinel use " +
		"redis-sentinel://host1:26379,host2:26379/name-of-the-master, for Redis Cluster redis-cluster://host1:6379,host2:6379")
	errNoMaster  = errors.New("the name of the master is missing: redis-sentinel://host1:26379,host2:26379/name-of-the-master")
	errClusterDB = errors.New("a Redis Cluster has only database 0: leave the path away")
)

// parseAddress parses an address of one of the forms. Its errors do not quote the address, which
// contains passwords.
func parseAddress(address string) (driver, error) {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return driver{}, errForm
	}
	scheme = strings.ToLower(scheme)
	protocol, topology, _ := strings.Cut(scheme, "-")
	if scheme != "unix" && (protocol != "redis" && protocol != "rediss") {
		return driver{}, errForm
	}
	if scheme == "unix" {
		return parseServer(address)
	}
	hosts, u, err := splitHosts(protocol, rest)
	if err != nil {
		return driver{}, err
	}
	switch {
	case scheme == protocol && len(hosts) > 1:
		return driver{}, errSeveralHosts
	case scheme == protocol:
		return parseServer(u.String())
	case topology == "sentinel":
		return parseSentinel(u, hosts)
	case topology == "cluster":
		return parseCluster(u, hosts)
	default:
		return driver{}, errForm
	}
}

// splitHosts parses what follows the scheme of an address. net/url accepts one host only, so the
// returned URL names the first one.
func splitHosts(protocol, rest string) ([]string, *url.URL, error) {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if strings.ContainsAny(tail, "@#") { // a password that is not encoded
		return nil, nil, errNoURL
	}
	at := strings.LastIndex(authority, "@") + 1
	hosts := strings.Split(authority[at:], ",")
	for _, host := range hosts {
		if len(hosts) > 1 && strings.TrimSpace(host) == "" {
			return nil, nil, errors.New("it names an empty host")
		}
	}
	u, err := url.Parse(protocol + "://" + authority[:at] + hosts[0] + tail)
	if err != nil {
		return nil, nil, errNoURL
	}
	return hosts, u, nil
}

func parseServer(address string) (driver, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return driver{}, withoutAddress(err)
	}
	return driver{server: options}, nil
}

// parseSentinel parses an address whose path is the name of the master. User and password are those
// of Redis; the query may contain db, sentinel_username and sentinel_password. The driver's form has
// them in other places.
func parseSentinel(u *url.URL, hosts []string) (driver, error) {
	master := strings.Trim(u.Path, "/")
	if master == "" || strings.Contains(master, "/") {
		return driver{}, errNoMaster
	}
	query := u.Query()
	password, _ := u.User.Password()
	sentinel := url.UserPassword(query.Get("sentinel_username"), query.Get("sentinel_password"))
	query.Del("sentinel_username")
	query.Del("sentinel_password")
	query.Set("master_name", master)
	setUnlessEmpty(query, "username", u.User.Username())
	setUnlessEmpty(query, "password", password)
	if err := setAddresses(u, query, hosts, "26379"); err != nil {
		return driver{}, err
	}
	options, err := redis.ParseFailoverURL((&url.URL{Scheme: u.Scheme, User: sentinel, Host: u.Host, RawQuery: query.Encode()}).String())
	if err != nil {
		return driver{}, withoutAddress(err)
	}
	if options.TLSConfig != nil {
		options.TLSConfig.ServerName = "" // that of each host
	}
	return driver{sentinel: options}, nil
}

func parseCluster(u *url.URL, hosts []string) (driver, error) {
	if path := strings.Trim(u.Path, "/"); path != "" && path != "0" {
		return driver{}, errClusterDB
	}
	query := u.Query()
	if err := setAddresses(u, query, hosts, "6379"); err != nil {
		return driver{}, err
	}
	options, err := redis.ParseClusterURL((&url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, RawQuery: query.Encode()}).String())
	if err != nil {
		return driver{}, withoutAddress(err)
	}
	if options.TLSConfig != nil {
		options.TLSConfig.ServerName = "" // that of each node
	}
	return driver{cluster: options}, nil
}

// setAddresses sets the first host in u and the others as the driver's parameter addr, with the
// default port where an address has none.
func setAddresses(u *url.URL, query url.Values, hosts []string, defaultPort string) error {
	query.Del("addr")
	for i, host := range hosts {
		one, err := url.Parse("redis://" + host)
		if err != nil || one.Host != host || one.Hostname() == "" {
			return errors.New("one of its hosts is not host:port")
		}
		port := one.Port()
		if port == "" {
			port = defaultPort
		}
		address := net.JoinHostPort(one.Hostname(), port)
		if i == 0 {
			u.Host = address
		} else {
			query.Add("addr", address)
		}
	}
	return nil
}

func setUnlessEmpty(query url.Values, name, value string) {
	query.Del(name)
	if value != "" {
		query.Set(name, value)
	}
}

// withoutAddress returns the beginning of an error of the driver's parsers, such as "redis: invalid
// database number". What follows may quote the address, unless it is the name of an option.
func withoutAddress(err error) error {
	if _, ok := errors.AsType[*url.Error](err); ok {
		return errNoURL
	}
	parts := strings.SplitN(err.Error(), ": ", 3)
	if len(parts) > 2 && parts[1] != unexpectedOption {
		parts = parts[:2]
	}
	return fmt.Errorf("%s; its form must be %s", strings.Join(parts, ": "), forms)
}

// unexpectedOption is the driver's error for an unknown parameter.
const unexpectedOption = "unexpected option"
