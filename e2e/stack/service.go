package stack

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/fleet"
	"github.com/longshore-io/longshore/e2e/await"
)

const (
	// startLimit bounds a start, on a machine that is busy with other tests.
	startLimit = 30 * time.Second
	// grace is what a service is given for the work in hand (LONGSHORE_SHUTDOWN_GRACE); exitLimit is when it must be gone.
	grace     = 8 * time.Second
	exitLimit = grace + 2*time.Second
)

// ready says how each service tells that it works.
var ready = map[string]string{"api": "listening", "importer": "ready for chunks", "janitor": "keeping watch"}

// Service is one process of a service.
type Service struct {
	name     string
	journal  *journal
	instance *fleet.Instance
	running  bool
}

// start starts a process and returns when it is ready.
func start(tb testing.TB, name string, env []string) *Service {
	tb.Helper()
	all := fleet.Services()
	i := slices.IndexFunc(all, func(s fleet.Service) bool { return s.Name == name })
	if i < 0 {
		tb.Fatalf("there is no service called %q", name)
	}
	s := &Service{name: name, journal: &journal{}}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("%s said:\n%s", name, s.journal.tail())
		}
	})
	instance, err := fleet.Start(tb.Context(), folderOfPrograms(tb), all[i], env, s.journal)
	if err != nil {
		tb.Fatal(err)
	}
	s.instance = instance
	s.awaitReady(tb, 0)
	return s
}

func (s *Service) awaitReady(tb testing.TB, said int) {
	tb.Helper()
	s.running = true
	await.Until(tb, startLimit, "the "+s.name+" to be ready", func() bool {
		if s.ended() {
			tb.Fatalf("the %s ended at its start: %v\n%s", s.name, s.instance.Err(), s.journal.tail())
		}
		return strings.Contains(s.journal.since(said), ready[s.name])
	})
}

func (s *Service) ended() bool {
	select {
	case <-s.instance.Done():
		return true
	default:
		return false
	}
}

// kill ends the process as a crash would.
func (s *Service) kill(tb testing.TB) {
	tb.Helper()
	s.running = false
	if err := s.instance.Kill(); err != nil {
		tb.Fatal(err)
	}
}

// restart starts the process again and returns when it is ready.
func (s *Service) restart(tb testing.TB) {
	tb.Helper()
	said := s.journal.size()
	if err := s.instance.Restart(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s.awaitReady(tb, said)
}

// stop asks the process to end, as Kubernetes does, and checks that it does so in time and without an error. It
// returns how long that took.
func (s *Service) stop(tb testing.TB) time.Duration {
	tb.Helper()
	if !s.running {
		return 0
	}
	s.running = false
	if !s.ended() {
		s.signal(tb, syscall.SIGCONT) // one that a failed test left frozen could not obey
	}
	began := time.Now()
	if err := s.instance.Stop(); err != nil {
		tb.Errorf("stopping the %s: %v", s.name, err)
	}
	took := time.Since(began)
	if err := s.instance.Err(); err != nil {
		tb.Errorf("the %s ended with %v after SIGTERM", s.name, err)
	}
	if took > exitLimit {
		tb.Errorf("the %s took %s to end, and its grace is %s", s.name, took, grace)
	}
	return took
}

// signal sends a signal to the process.
func (s *Service) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := syscall.Kill(s.instance.Pid(), signal); err != nil {
		tb.Errorf("sending %v to the %s: %v", signal, s.name, err)
	}
}
