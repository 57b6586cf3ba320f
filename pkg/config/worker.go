package config

import (
	"errors"
	"fmt"
	"time"
)

// Worker is the configuration that all workers share: the services that process a queue.
type Worker struct {
	Postgres    Postgres
	Redis       Redis
	Collections Collections
	Shutdown    Shutdown
	Admin       Admin
	Shares      Shares

	// QueuePoll is how often an idle worker queries the queue. Entries are announced, so the interval matters only
	// for those that are due after a delay and for announcements that get lost. Must be greater than 0.
	QueuePoll time.Duration `env:"LONGSHORE_QUEUE_POLL" envDefault:"1s"`
	// MaxAttempts is the maximum number of attempts at a step, spread over about three minutes with
	// the default. After that its operation fails. Must be greater than 0.
	MaxAttempts int `env:"LONGSHORE_MAX_ATTEMPTS" envDefault:"8"`
	// FrozenAfter is how long a worker may be silent between two statements of a transaction, or
	// while it receives a result, before Postgres ends its session and releases the locks of its
	// chunk. Must be greater than 0.
	FrozenAfter time.Duration `env:"LONGSHORE_FROZEN_AFTER" envDefault:"10s"`
}

// connectionsPerStep is the number of connections of one step: a long step keeps its lock on one
// connection and reads and writes on another.
const connectionsPerStep = 2

// CheckWorker checks the rules that all workers share. concurrency is the value of the variable, the
// number of steps that the worker runs concurrently. One more connection is required for statements
// outside of steps.
func (w Worker) CheckWorker(variable string, concurrency int) error {
	errs := []error{
		Positive(variable, concurrency),
		Positive("LONGSHORE_QUEUE_POLL", w.QueuePoll),
		Positive("LONGSHORE_MAX_ATTEMPTS", w.MaxAttempts),
		Positive("LONGSHORE_FROZEN_AFTER", w.FrozenAfter),
		Positive("LONGSHORE_SHUTDOWN_GRACE", w.Shutdown.Grace),
		w.Shares.CheckShares(),
	}
	if w.Postgres.MaxConns <= connectionsPerStep*concurrency {
		errs = append(errs, fmt.Errorf("LONGSHORE_DB_MAX_CONNS must be greater than twice %s", variable))
	}
	return errors.Join(errs...)
}
