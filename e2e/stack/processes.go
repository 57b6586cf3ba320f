package stack

import (
	"fmt"
	"syscall"
	"time"
)

// The methods of this file name a process by its service and its number, counted from 0. Those that
// start a process do not wait until it is ready, so that a test can start it while a server is
// away.

// Count returns the number of processes of a service.
func (s *Stack) Count(service string) int { return len(s.services[service]) }

// Kill ends a process with SIGKILL.
func (s *Stack) Kill(service string, n int) { s.tb.Helper(); s.service(service, n).kill(s.tb) }

// Stop ends a process with SIGTERM, and returns how long it took to exit.
func (s *Stack) Stop(service string, n int) time.Duration {
	s.tb.Helper()
	return s.service(service, n).stop(s.tb)
}

// Freeze suspends a process (SIGSTOP), like a machine that freezes.
func (s *Stack) Freeze(service string, n int) {
	s.tb.Helper()
	s.service(service, n).signal(s.tb, syscall.SIGSTOP)
}

// Thaw resumes a frozen process.
func (s *Stack) Thaw(service string, n int) {
	s.tb.Helper()
	s.service(service, n).signal(s.tb, syscall.SIGCONT)
}

// Revive starts a process again that has ended. A running one is left alone.
func (s *Stack) Revive(service string, n int) {
	s.tb.Helper()
	process := s.service(service, n)
	if !process.ended() {
		return
	}
	process.revived = process.log.size()
	if err := process.instance.Restart(s.tb.Context()); err != nil {
		s.tb.Fatal(err)
	}
	process.running = true
}

// Pid returns the id of a process.
func (s *Stack) Pid(service string, n int) int {
	s.tb.Helper()
	return s.service(service, n).instance.Pid()
}

// Exited describes the processes that have ended by themselves after they were ready. A process that
// ends during its start, because a server is away, is left to Revive, as to an orchestrator.
func (s *Stack) Exited() []string {
	var exited []string
	for name, processes := range s.services {
		for n, process := range processes {
			if process.running && process.ended() && process.wasReady(process.revived) {
				exited = append(exited, fmt.Sprintf("%s %d: %v\n%s", name, n, process.instance.Err(), process.log.tail()))
			}
		}
	}
	return exited
}

// Ready reports whether a process answers 200 at /readyz.
func (s *Stack) Ready(service string, n int) bool {
	s.tb.Helper()
	return isReady(s.tb.Context(), s.Admin(service, n))
}

// RedisURL returns the address of the stack's Redis, which leads through no fault proxy.
func (s *Stack) RedisURL() string { return s.redis.URL() }
