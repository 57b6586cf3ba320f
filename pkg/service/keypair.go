package service

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

// KeyPair is a certificate with its key, in two files that may change while the service runs. It is safe
// for concurrent use.
type KeyPair struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	version fileVersion
	checked time.Time
}

// fileVersion identifies a version of the files.
type fileVersion struct {
	cert, key         time.Time
	certSize, keySize int64
}

// checkInterval is how often the files are looked at, when clients connect.
const checkInterval = time.Second

// OpenTLS reads the certificate of a configuration; nil if it has none.
func OpenTLS(c config.TLS, log *slog.Logger) (*KeyPair, error) {
	if !c.Enabled() {
		return nil, nil //nolint:nilnil // HTTP
	}
	return LoadKeyPair(c.CertFile, c.KeyFile, log)
}

// LoadKeyPair reads the files, in PEM form. It returns an error if they do not contain a certificate and
// its key.
func LoadKeyPair(certFile, keyFile string, log *slog.Logger) (*KeyPair, error) {
	k := &KeyPair{certFile: certFile, keyFile: keyFile, log: log}
	version, err := k.versionOf()
	if err != nil {
		return nil, err
	}
	if k.pair, err = k.read(); err != nil {
		return nil, err
	}
	k.version, k.checked = version, time.Now()
	return k, nil
}

func (k *KeyPair) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(k.certFile, k.keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate %s and the key %s: %w", k.certFile, k.keyFile, err)
	}
	return &pair, nil
}

func (k *KeyPair) versionOf() (fileVersion, error) {
	cert, err := os.Stat(k.certFile)
	if err != nil {
		return fileVersion{}, fmt.Errorf("reading the certificate: %w", err)
	}
	key, err := os.Stat(k.keyFile)
	if err != nil {
		return fileVersion{}, fmt.Errorf("reading the key: %w", err)
	}
	return fileVersion{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}

// Config returns a configuration with the current certificate for each new connection, TLS 1.2 or later
// and HTTP/1.1: what clients may occupy is counted by connections, and many requests of HTTP/2 would share
// one.
func (k *KeyPair) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: k.current}
}

// current returns the certificate, and reads the files again if they have changed. If they are not valid,
// it logs that once and returns the certificate before: a new key may be written after its certificate.
func (k *KeyPair) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.checked) < checkInterval {
		return k.pair, nil
	}
	k.checked = time.Now()
	version, err := k.versionOf()
	if err == nil && version == k.version {
		return k.pair, nil
	}
	var pair *tls.Certificate
	if err == nil {
		pair, err = k.read()
	}
	switch {
	case err == nil:
		k.pair = pair
		k.log.Info("the certificate was read again", slog.Time("expires", pair.Leaf.NotAfter))
	case version != k.version:
		k.log.Error("the changed certificate is not valid; the one before is still used", slog.Any("error", err))
	}
	k.version = version
	return k.pair, nil
}
