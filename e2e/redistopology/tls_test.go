package redistopology_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
)

// authority is a certificate authority in a folder: ca.pem, and certificates with their keys.
type authority struct {
	folder      string
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	folder, err := os.MkdirTemp("", "longshore-tls-") //nolint:usetesting // t.TempDir is closed to the account of the servers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil { // the servers run under another account
		t.Fatal(err)
	}
	a := authority{folder: folder}
	a.key, a.certificate = a.issue(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes a certificate, name.pem, and its key, name-key.pem.
func (a authority) issue(t *testing.T, name string, template *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		a.file(name): {Type: "CERTIFICATE", Bytes: der}, a.file(name + "-key"): {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o644); err != nil { // read by the servers' account
			t.Fatal(err)
		}
	}
	return key, certificate
}

func (a authority) file(name string) string { return filepath.Join(a.folder, name+".pem") }

// TestTLS uses a Redis with a certificate of a private authority, which demands a certificate of its
// clients. The services do not reach it with another authority, or without a certificate of their own.
func TestTLS(t *testing.T) {
	t.Parallel()
	own, other := newAuthority(t), newAuthority(t)
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	own.issue(t, "redis", &x509.Certificate{IPAddresses: loopback, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	own.issue(t, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	port, err := process.Port(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	startServer(t, "--tls-port", strconv.Itoa(port), "--tls-cert-file", own.file("redis"), "--tls-key-file", own.file("redis-key"),
		"--tls-ca-cert-file", own.file("ca"), "--tls-auth-clients", "yes")
	url := "REDIS_URL=rediss://" + address(port) + "/0"
	certificate := []string{"LONGSHORE_REDIS_CERT_FILE=" + own.file("client"), "LONGSHORE_REDIS_KEY_FILE=" + own.file("client-key")}
	for name, tt := range map[string]struct {
		ca, certificate []string
		up              int
	}{
		"own_authority":     {[]string{"LONGSHORE_REDIS_CA_FILE=" + own.file("ca")}, certificate, 1},
		"system":            {nil, certificate, 0},
		"other_authority":   {[]string{"LONGSHORE_REDIS_CA_FILE=" + other.file("ca")}, certificate, 0},
		"other_certificate": {[]string{"LONGSHORE_REDIS_CA_FILE=" + own.file("ca")}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			env := append([]string{url}, append(tt.ca, tt.certificate...)...)
			if tt.up == 0 {
				s := stack.Start(t, stack.Options{Importers: stack.None, Searchers: stack.None, Reporters: stack.None, Env: env})
				await.Always(t, 2*time.Second, "Redis is not reached", func() bool {
					return s.Metrics("janitor").Value("longshore_redis_up") == 0
				})
				return
			}
			s := stack.Start(t, stack.Options{Consoles: 1, Env: env})
			useEverything(t, s)
			expectConsole(t, s, "imports")
		})
	}
}
