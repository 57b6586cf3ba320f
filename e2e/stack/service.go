package stack

import (
	"cmp"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/e2e/await"
)

const (
	// startLimit bounds a start, on a machine that is busy with other tests.
	startLimit = 30 * time.Second
	// grace is what a service is given for the work in hand (LONGSHORE_SHUTDOWN_GRACE); exitLimit is when it must be gone.
	grace     = 8 * time.Second
	exitLimit = grace + 2*time.Second
)

// ready says how each service tells that it works; all that are not named here say readyWorker.
var ready = map[string]string{"api": "listening", "console": "listening", "janitor": "keeping watch"}

// readyWorker begins what a worker says that works, such as "ready for chunks".
const readyWorker = "ready for"

// Service is one process of a service.
type Service struct {
	name     string
	log      *logBuffer
	instance *programs.Instance
	running  bool
}

// start starts a process and returns when it is ready.
func start(tb testing.TB, service programs.Service, env []string) *Service {
	tb.Helper()
	s := &Service{name: service.Name, log: &logBuffer{}}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("%s said:\n%s", s.name, s.log.tail())
		}
	})
	instance, err := programs.Start(tb.Context(), programstest.Programs(tb), service, env, s.log)
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
			tb.Fatalf("the %s ended at its start: %v\n%s", s.name, s.instance.Err(), s.log.tail())
		}
		return strings.Contains(s.log.since(said), cmp.Or(ready[s.name], readyWorker))
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
	said := s.log.size()
	if err := s.instance.Restart(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s.awaitReady(tb, said)
}

// stop asks the process to end and returns how long that took.
func (s *Service) stop(tb testing.TB) time.Duration {
	tb.Helper()
	if !s.running {
		return 0
	}
	return s.askToStop(tb)()
}

// askToStop asks the process to end, as Kubernetes does, also one that is frozen. The function that it returns waits for the end,
// checks that it comes in time and without an error, and returns how long it took.
func (s *Service) askToStop(tb testing.TB) (end func() time.Duration) {
	tb.Helper()
	s.running = false
	began := time.Now()
	s.signal(tb, syscall.SIGTERM)
	s.signal(tb, syscall.SIGCONT)
	return func() time.Duration {
		tb.Helper()
		late := time.NewTimer(exitLimit)
		defer late.Stop()
		select {
		case <-s.instance.Done():
			if err := s.instance.Err(); err != nil {
				tb.Errorf("the %s ended with %v after SIGTERM", s.name, err)
			}
		case <-late.C:
			tb.Errorf("the %s did not end within %s, and its grace is %s", s.name, exitLimit, grace)
			_ = s.instance.Kill()
		}
		return time.Since(began)
	}
}

// signal sends a signal to the process. One that has ended already is found elsewhere.
func (s *Service) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := syscall.Kill(s.instance.Pid(), signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		tb.Errorf("sending %v to the %s: %v", signal, s.name, err)
	}
}
