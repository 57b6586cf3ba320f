package queue

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/longshore-io/longshore/pkg/config"
)

// dialTimeout and ioTimeout bound how long a caller waits for a Redis that does not answer.
const (
	dialTimeout = 500 * time.Millisecond
	ioTimeout   = 2 * time.Second
)

// clusterReload is how often a client reads which node of a cluster serves which slots, and so the
// longest time until it notices that a replica has replaced a node that is away. The driver's default is
// a minute.
const clusterReload = 2 * time.Second

// driver contains the driver's options for one server, for Sentinel or for a cluster; the others are
// nil.
type driver struct {
	server   *redis.Options
	sentinel *redis.FailoverOptions
	cluster  *redis.ClusterOptions
}

// newDriver returns the options for the configured Redis.
func newDriver(cfg config.Redis) (driver, error) {
	d, err := parseAddress(cfg.URL)
	if err != nil {
		return driver{}, fmt.Errorf("REDIS_URL is not usable: %w", err)
	}
	d.setDefaults()
	if err := d.addCertificates(cfg); err != nil {
		return driver{}, err
	}
	return d, nil
}

// newClient returns a client, which connects on first use.
func (d driver) newClient() redis.UniversalClient {
	switch {
	case d.sentinel != nil:
		return redis.NewFailoverClient(d.sentinel)
	case d.cluster != nil:
		return redis.NewClusterClient(d.cluster)
	default:
		return redis.NewClient(d.server)
	}
}

// setDefaults sets the timeouts. ContextTimeoutEnabled makes asynq's own connection obey deadlines.
// The driver's identification by CLIENT SETINFO and its maintenance notifications are switched off:
// they are of no use here, and a user of Redis would need rights for them that not every version of
// Redis knows.
func (d driver) setDefaults() {
	off := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch {
	case d.sentinel != nil:
		o := d.sentinel
		o.ContextTimeoutEnabled, o.DialTimeout, o.ReadTimeout, o.WriteTimeout = true, dialTimeout, ioTimeout, ioTimeout
		o.DisableIdentity = true
	case d.cluster != nil:
		o := d.cluster
		o.ContextTimeoutEnabled, o.DialTimeout, o.ReadTimeout, o.WriteTimeout = true, dialTimeout, ioTimeout, ioTimeout
		o.DisableIdentity, o.MaintNotificationsConfig, o.ClusterStateReloadInterval = true, off, clusterReload
	default:
		o := d.server
		o.ContextTimeoutEnabled, o.DialTimeout, o.ReadTimeout, o.WriteTimeout = true, dialTimeout, ioTimeout, ioTimeout
		o.DisableIdentity, o.MaintNotificationsConfig = true, off
	}
}

// addCertificates adds the files of the configuration to the options of TLS.
func (d driver) addCertificates(cfg config.Redis) error {
	if cfg.CAFile == "" && cfg.CertFile == "" {
		return nil
	}
	options := d.tls()
	if options == nil {
		return errors.New("LONGSHORE_REDIS_CA_FILE and LONGSHORE_REDIS_CERT_FILE need an address with TLS in REDIS_URL: " +
			"rediss://, rediss-sentinel:// or rediss-cluster://")
	}
	if cfg.CAFile != "" {
		certificates, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return fmt.Errorf("reading LONGSHORE_REDIS_CA_FILE: %w", err)
		}
		options.RootCAs = x509.NewCertPool()
		if !options.RootCAs.AppendCertsFromPEM(certificates) {
			return fmt.Errorf("LONGSHORE_REDIS_CA_FILE: %s contains no certificate in PEM format", cfg.CAFile)
		}
	}
	if cfg.CertFile != "" {
		certificate, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
		if err != nil {
			return fmt.Errorf("reading LONGSHORE_REDIS_CERT_FILE and LONGSHORE_REDIS_KEY_FILE: %w", err)
		}
		options.Certificates = []tls.Certificate{certificate}
	}
	return nil
}

// tls returns the options of TLS; nil for an address without TLS.
func (d driver) tls() *tls.Config {
	switch {
	case d.sentinel != nil:
		return d.sentinel.TLSConfig
	case d.cluster != nil:
		return d.cluster.TLSConfig
	default:
		return d.server.TLSConfig
	}
}
