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
	"github.com/longshore-io/longshore/pkg/pgproxy"
)

const (
	// startLimit is the maximum time of a start, on a machine that is busy with other tests.
	startLimit = 30 * time.Second
	// shutdownGrace is the services' LONGSHORE_SHUTDOWN_GRACE.
	shutdownGrace = 8 * time.Second
	// exitLimit is the maximum time from SIGTERM to the end of a process.
	exitLimit = shutdownGrace + 2*time.Second
	// silentExitLimit is the same while Postgres or Redis does not answer.
	silentExitLimit = shutdownGrace + 10*time.Second
)

// readyMessages contains the part of the log that shows that a service is ready. The workers, which
// are not in this map, log readyWorker.
var readyMessages = map[string]string{"api": "listening", "console": "listening", "janitor": "running duties"}

// readyWorker is the beginning of a worker's log message, such as "ready for chunks".
const readyWorker = "ready for"

// Service is one process of a service.
type Service struct {
	name     string
	address  string // of an api behind a balancer, otherwise empty
	log      *logBuffer
	instance *programs.Instance
	running  bool
	// revived is the size of the log when the process was started by Stack.Revive.
	revived int
	// postgres and redis are the process's fault proxies, nil without Options.Proxied.
	postgres *pgproxy.Postgres
	redis    *pgproxy.Proxy
}

// start starts a process. The test logs the process's output if it fails.
func start(tb testing.TB, service programs.Service, env []string) *Service {
	tb.Helper()
	s := &Service{name: service.Name, log: &logBuffer{}}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("log of the %s:\n%s", s.name, s.log.tail())
		}
	})
	instance, err := programs.Start(tb.Context(), programstest.Programs(tb), service, env, s.log)
	if err != nil {
		tb.Fatal(err)
	}
	s.instance, s.running = instance, true
	return s
}

// awaitReady waits until the process logs that it is ready, after the first offset bytes of its log.
func (s *Service) awaitReady(tb testing.TB, offset int) {
	tb.Helper()
	await.Until(tb, startLimit, "the "+s.name+" to be ready", func() bool {
		if s.ended() {
			tb.Fatalf("the %s exited during its start: %v\n%s", s.name, s.instance.Err(), s.log.tail())
		}
		return s.wasReady(offset)
	})
}

// wasReady reports whether the process has logged that it is ready, after the first offset bytes of
// its log.
func (s *Service) wasReady(offset int) bool {
	return strings.Contains(s.log.since(offset), cmp.Or(readyMessages[s.name], readyWorker))
}

func (s *Service) ended() bool {
	select {
	case <-s.instance.Done():
		return true
	default:
		return false
	}
}

// kill ends the process with SIGKILL.
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
	s.begin(tb)()
}

// begin starts the process again. The returned function waits until it is ready.
func (s *Service) begin(tb testing.TB) (ready func()) {
	tb.Helper()
	offset := s.log.size()
	if err := s.instance.Restart(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s.running = true
	return func() { tb.Helper(); s.awaitReady(tb, offset) }
}

// stop ends the process with SIGTERM and returns how long that took.
func (s *Service) stop(tb testing.TB) time.Duration {
	tb.Helper()
	if !s.running {
		return 0
	}
	return s.terminate(tb, exitLimit)()
}

// terminate sends SIGTERM as Kubernetes does, also to a frozen process, which it thaws. The returned
// function waits for the end of the process, checks that it exits within the limit and without an
// error, and returns the time since SIGTERM.
func (s *Service) terminate(tb testing.TB, limit time.Duration) (wait func() time.Duration) {
	tb.Helper()
	s.running = false
	start := time.Now()
	s.signal(tb, syscall.SIGTERM)
	s.signal(tb, syscall.SIGCONT)
	return func() time.Duration {
		tb.Helper()
		timeout := time.NewTimer(limit)
		defer timeout.Stop()
		select {
		case <-s.instance.Done():
			if err := s.instance.Err(); err != nil {
				tb.Errorf("the %s exited after SIGTERM with %v, want no error", s.name, err)
			}
		case <-timeout.C:
			tb.Errorf("the %s did not exit within %s of SIGTERM (LONGSHORE_SHUTDOWN_GRACE=%s)", s.name, limit, shutdownGrace)
			_ = s.instance.Kill()
		}
		return time.Since(start)
	}
}

// signal sends a signal to the process. A process that has ended is no error.
func (s *Service) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := syscall.Kill(s.instance.Pid(), signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		tb.Errorf("sending %v to the %s: %v", signal, s.name, err)
	}
}
