package process

import (
	"context"
	"sync"
)

// Slot contains the current process of a server or service that is stopped and started again. Several
// goroutines can call its methods; before the first StartNext only StartNext and Stop are allowed.
type Slot struct {
	mu    sync.Mutex
	child *Child
}

// StartNext starts the next process. The previous one must have ended.
func (s *Slot) StartNext(command Command) (*Child, error) {
	child, err := Start(command)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.child = child
	return child, nil
}

func (s *Slot) current() *Child {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// Pid returns the process id.
func (s *Slot) Pid() int { return s.current().Pid() }

// Done returns a channel that is closed when the process has ended.
func (s *Slot) Done() <-chan struct{} { return s.current().Done() }

// Err returns how the process ended, once Done is closed.
func (s *Slot) Err() error { return s.current().Err() }

// Stop stops the process gracefully; see Child.Stop.
func (s *Slot) Stop() error {
	child := s.current()
	if child == nil {
		return nil
	}
	return child.Stop()
}

// Kill ends the process with SIGKILL.
func (s *Slot) Kill() error { return s.current().Kill() }

// Process is a server or an instance of a service that can be watched, stopped and restarted.
type Process interface {
	Done() <-chan struct{}
	Err() error
	Stop() error
	Restart(ctx context.Context) error
}
