package stack

import (
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/pgproxy"
)

// Postgres returns the fault proxy between the nth process of a service, counted from 0, and
// Postgres. The service must be in Options.Proxied.
func (s *Stack) Postgres(service string, n int) *pgproxy.Postgres {
	s.tb.Helper()
	return s.proxiedService(service, n).postgres
}

// Redis returns the fault proxy between the nth process of a service, counted from 0, and Redis. The
// service must be in Options.Proxied.
func (s *Stack) Redis(service string, n int) *pgproxy.Proxy {
	s.tb.Helper()
	return s.proxiedService(service, n).redis
}

func (s *Stack) proxiedService(name string, n int) *Service {
	s.tb.Helper()
	service := s.service(name, n)
	if service.postgres == nil {
		s.tb.Fatalf("the %s has no fault proxies: add it to Options.Proxied", name)
	}
	return service
}

// startProxies starts the fault proxies of a new process; they are nil unless its service is in
// Options.Proxied.
func (s *Stack) startProxies(service string) (*pgproxy.Postgres, *pgproxy.Proxy) {
	s.tb.Helper()
	if !slices.Contains(s.proxied, service) {
		return nil, nil
	}
	const seed = 1
	redis := strings.TrimPrefix(s.redis.URL(), "redis://")
	redis, _, _ = strings.Cut(redis, "/")
	return pgproxy.StartPostgres(s.tb, s.databaseOf(service), seed), pgproxy.StartTCP(s.tb, redis)
}

// restoreProxies ends the faults, so that the audit at the end of a test sees what the services do
// without them.
func (s *Stack) restoreProxies() {
	for _, processes := range s.services {
		for _, process := range processes {
			if process.postgres != nil {
				process.postgres.Restore()
				process.redis.Restore()
			}
		}
	}
}
