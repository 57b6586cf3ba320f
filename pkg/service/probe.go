package service

import (
	"context"
	"sync"
	"time"
)

// check returns an error if a dependency does not answer.
type check func(ctx context.Context) error

const (
	// checkTimeout bounds one check.
	checkTimeout = 2 * time.Second
	// checkValidity is how long the result of a check is reused, so that many probes cause one check.
	checkValidity = time.Second
	// failureThreshold is how many consecutive checks must fail before a dependency counts as away:
	// one slow answer must not make every replica unready.
	failureThreshold = 3
)

// The states of a dependency.
const (
	stateOK = "ok"
	// stateSlow is a dependency whose current check is running and whose last check succeeded.
	stateSlow = "slow"
	// stateShaky is a dependency with fewer failures than failureThreshold.
	stateShaky = "shaky"
	stateAway  = "away"
	// stateAtRisk is a Postgres that answers but may lose what it has committed.
	stateAtRisk = "at risk"
)

// probe remembers the checks of one dependency. It is safe for concurrent use.
type probe struct {
	name  string
	check check
	// required makes the service unready if the dependency is away; otherwise it is degraded.
	required bool
	// failing is the state after a failed check of a dependency that answers; empty for a check whose
	// failure means that the dependency does not.
	failing string

	mu sync.Mutex
	// running is closed at the end of the current check; nil if no check is running.
	running  chan struct{}
	checked  time.Time
	failures int
}

// refresh starts a check if the last result is too old. It returns a channel that is closed at the
// end of the current check, or nil if no check is running.
func (p *probe) refresh(ctx context.Context) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil && time.Since(p.checked) >= checkValidity {
		p.running = make(chan struct{})
		go p.run(context.WithoutCancel(ctx))
	}
	return p.running
}

func (p *probe) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := p.check(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checked = time.Now()
	p.failures++
	if err == nil {
		p.failures = 0
	}
	close(p.running)
	p.running = nil
}

func (p *probe) state() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.failures > 0 && p.failing != "":
		return p.failing
	case p.failures >= failureThreshold:
		return stateAway
	case p.failures > 0:
		return stateShaky
	case p.running != nil:
		return stateSlow
	default:
		return stateOK
	}
}
