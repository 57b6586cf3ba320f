package config

import (
	"errors"
	"fmt"
	"time"
)

// Worker is what every service is told that takes its work from a queue.
type Worker struct {
	Postgres    Postgres
	Redis       Redis
	Collections Collections
	Shutdown    Shutdown
	Admin       Admin

	// QueuePoll is how long an idle worker waits before it looks at the queue again.
	QueuePoll time.Duration `env:"LONGSHORE_QUEUE_POLL" envDefault:"50ms"`
	// MaxAttempts is how often a step may end its worker before its operation fails.
	MaxAttempts int `env:"LONGSHORE_MAX_ATTEMPTS" envDefault:"8"`
	// FrozenAfter is how long the worker may stand still, between two statements or while it is sent a result, before Postgres takes its
	// work away.
	FrozenAfter time.Duration `env:"LONGSHORE_FROZEN_AFTER" envDefault:"10s"`
}

// connectionsEach is what one piece of work needs: long work holds one connection and reads and writes through another.
const connectionsEach = 2

// CheckWorker holds the rules that all workers share; concurrency is the value of the variable that says how many pieces of work one of
// them takes at once. There must be one more connection for what is said beside the work.
func (w Worker) CheckWorker(variable string, concurrency int) error {
	errs := []error{
		Positive(variable, concurrency),
		Positive("LONGSHORE_QUEUE_POLL", w.QueuePoll),
		Positive("LONGSHORE_MAX_ATTEMPTS", w.MaxAttempts),
		Positive("LONGSHORE_FROZEN_AFTER", w.FrozenAfter),
		Positive("LONGSHORE_SHUTDOWN_GRACE", w.Shutdown.Grace),
	}
	if w.Postgres.MaxConns <= connectionsEach*concurrency {
		errs = append(errs, fmt.Errorf("LONGSHORE_DB_MAX_CONNS must be greater than twice %s", variable))
	}
	return errors.Join(errs...)
}
