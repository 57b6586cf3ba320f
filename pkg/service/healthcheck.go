package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

const (
	// healthcheckTimeout bounds a health check. The service answers within readinessTimeout even if
	// Postgres does not, and the deployments allow 5 s.
	healthcheckTimeout = 3 * time.Second
	// maxHealthBytes bounds the printed answer, in bytes.
	maxHealthBytes = 64 << 10
)

// healthcheck queries the readiness of the service that runs on the same machine with the same
// environment. Container runtimes use it, because an image contains no other program.
func healthcheck(ctx context.Context, p process) int {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	ready, answer, err := queryReadiness(ctx, p.environ)
	if err != nil {
		p.printError(err)
		return exitFailed
	}
	_, _ = fmt.Fprint(p.stdout, answer)
	if !ready {
		return exitFailed
	}
	return exitOK
}

func queryReadiness(ctx context.Context, environ map[string]string) (ready bool, answer string, err error) {
	cfg, err := config.Load[config.Admin](environ)
	if err != nil {
		return false, "", err
	}
	address, err := localAddress(cfg.Addr)
	if err != nil {
		return false, "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return false, "", fmt.Errorf("creating the request to %s: %w", address, err)
	}
	response, err := (&http.Client{Transport: &http.Transport{}}).Do(request) // no proxy: the service is on this machine
	if err != nil {
		return false, "", fmt.Errorf("querying the readiness of the service: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxHealthBytes))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return false, "", fmt.Errorf("reading the readiness of the service: %w", err)
	}
	return response.StatusCode == http.StatusOK, string(body), nil
}

// localAddress converts the address at which the service listens to one at which the same machine
// can connect to it.
func localAddress(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("reading LONGSHORE_ADMIN_ADDR: %w", err)
	}
	if port == "0" || port == "" {
		return "", fmt.Errorf("LONGSHORE_ADMIN_ADDR is %s, which listens on any free port: "+
			"set a port, for the service and for its health check", listen)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
