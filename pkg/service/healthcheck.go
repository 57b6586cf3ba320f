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
	// healthTimeout bounds a health check. Readiness answers within half a second even if Postgres does not (pkg/admin), and whoever starts the
	// check allows 5 s.
	healthTimeout = 3 * time.Second
	// mostHealth bounds what is shown of the answer, in bytes.
	mostHealth = 64 << 10
)

// healthcheck asks the service that runs beside this process, with the same environment, whether it is ready. It is for what starts
// containers: an image holds no other program that could ask.
func healthcheck(ctx context.Context, p process) int {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	ready, said, err := askReady(ctx, p.environ)
	if err != nil {
		p.complain(p.name + ": " + err.Error())
		return exitFailed
	}
	_, _ = fmt.Fprint(p.stdout, said)
	if !ready {
		return exitFailed
	}
	return exitFine
}

func askReady(ctx context.Context, environ map[string]string) (ready bool, said string, err error) {
	admin, err := config.Load[config.Admin](environ)
	if err != nil {
		return false, "", err
	}
	address, err := beside(admin.Addr)
	if err != nil {
		return false, "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return false, "", fmt.Errorf("asking %s: %w", address, err)
	}
	response, err := (&http.Client{Transport: &http.Transport{}}).Do(request) // no proxy: the service is on this machine
	if err != nil {
		return false, "", fmt.Errorf("asking whether the service is ready: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostHealth))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return false, "", fmt.Errorf("reading whether the service is ready: %w", err)
	}
	return response.StatusCode == http.StatusOK, string(body), nil
}

// beside turns the address that the service listens at into one that it is reached at from the same machine.
func beside(listens string) (string, error) {
	host, port, err := net.SplitHostPort(listens)
	if err != nil {
		return "", fmt.Errorf("reading LONGSHORE_ADMIN_ADDR: %w", err)
	}
	if port == "0" || port == "" {
		return "", fmt.Errorf("LONGSHORE_ADMIN_ADDR is %s, which takes any free port: set a port, for the service and for its health check", listens)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
