// Package config is the importer's configuration.
package config

import (
	"errors"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

// Config is read from the environment by config.Load.
type Config struct {
	Postgres    config.Postgres
	Redis       config.Redis
	Collections config.Collections
	Shutdown    config.Shutdown

	// Concurrency is how many chunks one importer works on at once.
	Concurrency int `env:"LONGSHORE_IMPORTER_CONCURRENCY" envDefault:"2"`
	// QueuePoll is how long an idle importer waits before it looks at the queue again.
	QueuePoll time.Duration `env:"LONGSHORE_QUEUE_POLL" envDefault:"50ms"`
	// MaxAttempts is how often a chunk may end its worker before its operation fails.
	MaxAttempts int `env:"LONGSHORE_MAX_ATTEMPTS" envDefault:"8"`
	// MaxDepth bounds the nesting of a record, as the api does.
	MaxDepth int `env:"LONGSHORE_MAX_DEPTH" envDefault:"32"`
	// FrozenAfter is how long this importer may stand still between two statements before Postgres takes its chunk away.
	FrozenAfter time.Duration `env:"LONGSHORE_FROZEN_AFTER" envDefault:"10s"`
}

// Check holds the rules across fields.
func (c Config) Check() error {
	return errors.Join(
		c.checkConnections(),
		c.checkDepth(),
		config.Positive("LONGSHORE_IMPORTER_CONCURRENCY", c.Concurrency),
		config.Positive("LONGSHORE_QUEUE_POLL", c.QueuePoll),
		config.Positive("LONGSHORE_MAX_ATTEMPTS", c.MaxAttempts),
		config.Positive("LONGSHORE_MAX_DEPTH", c.MaxDepth),
		config.Positive("LONGSHORE_FROZEN_AFTER", c.FrozenAfter),
		config.Positive("LONGSHORE_SHUTDOWN_GRACE", c.Shutdown.Grace),
	)
}

// checkConnections wants two connections for each step, since the splitting of an upload holds one and writes through another, and one for
// all that is said beside the steps.
func (c Config) checkConnections() error {
	if c.Postgres.MaxConns <= 2*c.Concurrency {
		return errors.New("LONGSHORE_DB_MAX_CONNS must be greater than twice LONGSHORE_IMPORTER_CONCURRENCY")
	}
	return nil
}

func (c Config) checkDepth() error {
	if c.MaxDepth > config.MaxDepth {
		return fmt.Errorf("LONGSHORE_MAX_DEPTH must be at most %d", config.MaxDepth)
	}
	return nil
}

// Records bounds what is read of a record.
func (c Config) Records() record.Limits {
	limits := record.DefaultLimits()
	limits.Depth = c.MaxDepth
	return limits
}
