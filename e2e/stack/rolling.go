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

// Balancer is what stands before the apis of a stack that has several.
func (s *Stack) Balancer() *Balancer { return s.balancer }

// Roll replaces each process of a service by a new one, which is ready before the old one is asked to end. It returns how long each of the
// old ones took to end.
func (s *Stack) Roll(service string) []time.Duration {
	s.tb.Helper()
	old := slices.Clone(s.services[service])
	took := make([]time.Duration, len(old))
	for i, one := range old {
		s.Add(service)
		took[i] = one.stop(s.tb)
		s.services[service] = slices.DeleteFunc(s.services[service], func(o *Service) bool { return o == one })
		s.ended[service] = append(s.ended[service], one)
	}
	return took
}

// Add starts one more process of a service, as an autoscaler does, and returns when it takes work.
func (s *Stack) Add(name string) {
	s.tb.Helper()
	all := programs.Services()
	service := all[slices.IndexFunc(all, func(f programs.Service) bool { return f.Name == name })]
	s.services[name] = append(s.services[name], s.launch(service))
}

// Remove asks the process of a service that was added last to end, and returns how long it took.
func (s *Stack) Remove(name string) time.Duration {
	s.tb.Helper()
	all := s.services[name]
	last := all[len(all)-1]
	s.services[name] = all[:len(all)-1]
	s.ended[name] = append(s.ended[name], last)
	return last.stop(s.tb)
}

// MetricsByProcess reads the metrics of all processes of a service, one by one.
func (s *Stack) MetricsByProcess(service string) []Metrics {
	s.tb.Helper()
	each := make([]Metrics, 0, len(s.services[service]))
	for _, process := range s.services[service] {
		each = append(each, s.scrape(s.adminOf(process)))
	}
	return each
}

// launch starts a process. The apis of a stack that has several listen at addresses of their own behind the balancer.
func (s *Stack) launch(service programs.Service) *Service {
	s.tb.Helper()
	env := slices.Clone(s.env)
	if service.Name == "console" && len(s.services["console"]) > 0 {
		env = append(env, "LONGSHORE_CONSOLE_ADDR="+freeAddress(s.tb))
	}
	if service.Name != "api" || s.balancer == nil {
		return start(s.tb, service, env)
	}
	address := freeAddress(s.tb)
	one := start(s.tb, service, append(env, "LONGSHORE_ADDR="+address))
	before := s.balancer.readyBackends()
	s.balancer.add(address, s.adminOf(one))
	await.Until(s.tb, startLimit, "the api to be seen ready", func() bool { return s.balancer.readyBackends() > before })
	return one
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(tb)))
}
