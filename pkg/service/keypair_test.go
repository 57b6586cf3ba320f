package service_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/service"
)

// writePair writes a new certificate for 127.0.0.1 with a name, and its key, and returns it.
func writePair(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// served returns the name in the certificate of a server.
func served(t *testing.T, addr string) string {
	t.Helper()
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	encrypted, _ := conn.(*tls.Conn)
	return encrypted.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// TestServeHTTPS: a server with a certificate serves HTTPS, and serves the new certificate when the files
// change. A broken one changes nothing.
func TestServeHTTPS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := writePair(t, dir, "first")
	pair, err := service.OpenTLS(config.TLS{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, service.HTTPOptions{TLS: pair}, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Proto)) })
	roots := x509.NewCertPool()
	roots.AddCert(first)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 1 {
		t.Errorf("GET = %d with %s, want 200 with HTTP/1.1", answer.StatusCode, answer.Proto)
	}
	plain := dial(t, s.addr)
	if status, _, err := plain.get(); err != nil || status != http.StatusBadRequest {
		t.Errorf("GET over http = %d, %v, want 400", status, err)
	}
	old := &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10, InsecureSkipVerify: true}
	if conn, err := (&tls.Dialer{Config: old}).DialContext(t.Context(), "tcp", s.addr); err == nil {
		_ = conn.Close()
		t.Error("a connection with TLS 1.1 succeeded, want a refusal")
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); {
		if got := served(t, s.addr); got != "first" {
			t.Fatalf("with a broken file the server has the certificate %q, want the one before", got)
		}
	}
	writePair(t, dir, "second")
	for deadline := time.Now().Add(time.Minute); served(t, s.addr) != "second"; {
		if time.Now().After(deadline) {
			t.Fatal("the server does not have the new certificate")
		}
	}
}

func TestOpenTLSErrors(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	writePair(t, dir, "a")
	writePair(t, other, "b")
	for name, c := range map[string]config.TLS{
		"missing":   {CertFile: filepath.Join(dir, "lost.pem"), KeyFile: filepath.Join(dir, "key.pem")},
		"other key": {CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(other, "key.pem")},
		"swapped":   {CertFile: filepath.Join(dir, "key.pem"), KeyFile: filepath.Join(dir, "cert.pem")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := service.OpenTLS(c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("OpenTLS() = %v, want an error that names the file", err)
			}
		})
	}
	if pair, err := service.OpenTLS(config.TLS{}, nil); pair != nil || err != nil {
		t.Errorf("OpenTLS() of nothing = %v, %v, want none", pair, err)
	}
	if err := (config.TLS{CertFile: "x"}).Check(); err == nil {
		t.Error("Check() without the key succeeded, want an error")
	}
}
