package stack

import (
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/e2e/await"
)

// Balancer returns the load balancer of a stack with several apis, otherwise nil.
func (s *Stack) Balancer() *Balancer { return s.balancer }

// Roll replaces the processes of a service one by one: it starts a new process, waits until it is
// ready and stops the old one. It returns how long each old process took to exit.
func (s *Stack) Roll(service string) []time.Duration {
	s.tb.Helper()
	old := slices.Clone(s.services[service])
	elapsed := make([]time.Duration, len(old))
	for i, process := range old {
		s.Add(service)
		elapsed[i] = process.stop(s.tb)
		s.services[service] = slices.DeleteFunc(s.services[service], func(other *Service) bool { return other == process })
		s.ended[service] = append(s.ended[service], process)
	}
	return elapsed
}

// Add starts one more process of a service, as an autoscaler does, and returns when it is ready.
func (s *Stack) Add(name string) {
	s.tb.Helper()
	all := programs.Services()
	service := all[slices.IndexFunc(all, func(p programs.Service) bool { return p.Name == name })]
	process := s.launch(service)
	s.services[name] = append(s.services[name], process)
	s.awaitReady(process)
}

// Remove stops the newest process of a service, and returns how long it took to exit.
func (s *Stack) Remove(name string) time.Duration {
	s.tb.Helper()
	all := s.services[name]
	last := all[len(all)-1]
	s.services[name] = all[:len(all)-1]
	s.ended[name] = append(s.ended[name], last)
	return last.stop(s.tb)
}

// MetricsByProcess reads the metrics of each process of a service.
func (s *Stack) MetricsByProcess(service string) []Metrics {
	s.tb.Helper()
	metrics := make([]Metrics, 0, len(s.services[service]))
	for _, process := range s.services[service] {
		metrics = append(metrics, s.scrape(s.adminOf(process)))
	}
	return metrics
}

// launch starts a process without waiting for it. Apis behind a balancer and additional consoles
// listen at addresses of their own. The admin address of such an api stays the same when the test
// starts it again, because the balancer probes it.
func (s *Stack) launch(service programs.Service) *Service {
	s.tb.Helper()
	env := slices.Concat(s.env, []string{"DATABASE_URL=" + s.databaseOf(service.Name)}, s.extra, s.serviceEnv[service.Name])
	if service.Name == "console" && len(s.services["console"]) > 0 {
		env = append(env, "LONGSHORE_CONSOLE_ADDR="+freeAddress(s.tb))
	}
	postgres, redis := s.startProxies(service.Name)
	if postgres != nil {
		env = append(env, "DATABASE_URL="+postgres.URL(), "REDIS_URL=redis://"+redis.Addr())
	}
	address := ""
	if service.Name == "api" && s.balancer != nil {
		address = freeAddress(s.tb)
		env = append(env, "LONGSHORE_ADDR="+address, "LONGSHORE_ADMIN_ADDR="+freeAddress(s.tb))
	}
	process := start(s.tb, service, env)
	process.address, process.postgres, process.redis = address, postgres, redis
	return process
}

// awaitReady returns when the process is ready and, for an api behind a balancer, gets requests.
func (s *Stack) awaitReady(process *Service) {
	s.tb.Helper()
	process.awaitReady(s.tb, 0)
	if process.address == "" {
		return
	}
	before := s.balancer.readyBackends()
	s.balancer.add(process.address, s.adminOf(process))
	await.Until(s.tb, startLimit, "the balancer to find the api ready", func() bool { return s.balancer.readyBackends() > before })
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(tb)))
}
