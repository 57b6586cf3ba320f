package process

import (
	"context"
	"sync"
)

// Slot holds the one of a sequence of processes that was started last: a server that is stopped and started again.
// Its methods may be called from several goroutines; before the first Begin only Begin and Stop may.
type Slot struct {
	mu    sync.Mutex
	child *Child
}

// StartNext starts the next process of the sequence. The one before must have ended.
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

// Pid is the process id.
func (s *Slot) Pid() int { return s.current().Pid() }

// Done is closed when the process has ended.
func (s *Slot) Done() <-chan struct{} { return s.current().Done() }

// Err tells how the process ended, once Done is closed.
func (s *Slot) Err() error { return s.current().Err() }

// Stop ends the process gracefully, as its command says.
func (s *Slot) Stop() error {
	child := s.current()
	if child == nil {
		return nil
	}
	return child.Stop()
}

// Kill ends the process as a crash would.
func (s *Slot) Kill() error { return s.current().Kill() }

// Process is what can be watched, stopped and started again: a server, an instance of a service.
type Process interface {
	Done() <-chan struct{}
	Err() error
	Stop() error
	Restart(ctx context.Context) error
}
