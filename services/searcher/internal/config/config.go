// Package config is the searcher's configuration.
package config

import (
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

// Config is read from the environment by config.Load.
type Config struct {
	Postgres    config.Postgres
	Redis       config.Redis
	Collections config.Collections
	Shutdown    config.Shutdown

	// Concurrency is how many searches one searcher steps through at once.
	Concurrency int `env:"LONGSHORE_SEARCHER_CONCURRENCY" envDefault:"2"`
	// QueuePoll is how long an idle searcher waits before it looks at the queue again.
	QueuePoll time.Duration `env:"LONGSHORE_QUEUE_POLL" envDefault:"50ms"`
	// MaxAttempts is how often a step may end its worker, or take too long, before its search fails.
	MaxAttempts int `env:"LONGSHORE_MAX_ATTEMPTS" envDefault:"8"`
	// MaxResultBytes bounds what one search finds; what is more is left out, and the search says so.
	MaxResultBytes int `env:"LONGSHORE_SEARCH_MAX_RESULT_BYTES" envDefault:"67108864"`
	// StatementTimeout bounds one statement of a step; the next attempt looks at fewer rows.
	StatementTimeout time.Duration `env:"LONGSHORE_SEARCH_STATEMENT_TIMEOUT" envDefault:"15s"`
	// FrozenAfter is how long this searcher may stand still, between two statements or in the middle of a result, before Postgres takes its
	// search away.
	FrozenAfter time.Duration `env:"LONGSHORE_FROZEN_AFTER" envDefault:"10s"`
}

// maxResultBytes is what a searcher may hold in memory for one search.
const maxResultBytes = 1 << 30

// Check holds the rules across fields.
func (c Config) Check() error {
	return errors.Join(
		c.checkConnections(),
		c.checkResult(),
		config.Positive("LONGSHORE_SEARCHER_CONCURRENCY", c.Concurrency),
		config.Positive("LONGSHORE_QUEUE_POLL", c.QueuePoll),
		config.Positive("LONGSHORE_MAX_ATTEMPTS", c.MaxAttempts),
		config.Positive("LONGSHORE_SEARCH_MAX_RESULT_BYTES", c.MaxResultBytes),
		config.Positive("LONGSHORE_SEARCH_STATEMENT_TIMEOUT", c.StatementTimeout),
		config.Positive("LONGSHORE_FROZEN_AFTER", c.FrozenAfter),
		config.Positive("LONGSHORE_SHUTDOWN_GRACE", c.Shutdown.Grace),
	)
}

// checkConnections wants one connection for each step, and one for all that is said beside the steps.
func (c Config) checkConnections() error {
	if c.Postgres.MaxConns <= c.Concurrency {
		return errors.New("LONGSHORE_DB_MAX_CONNS must be greater than LONGSHORE_SEARCHER_CONCURRENCY")
	}
	return nil
}

func (c Config) checkResult() error {
	if c.MaxResultBytes > maxResultBytes {
		return errors.New("LONGSHORE_SEARCH_MAX_RESULT_BYTES must be at most 1073741824")
	}
	return nil
}
