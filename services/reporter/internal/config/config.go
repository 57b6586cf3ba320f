// Package config is the reporter's configuration.
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

	// Concurrency is how many reports one reporter works on at once.
	Concurrency int `env:"LONGSHORE_REPORTER_CONCURRENCY" envDefault:"2"`
	// QueuePoll is how long an idle reporter waits before it looks at the queue again.
	QueuePoll time.Duration `env:"LONGSHORE_QUEUE_POLL" envDefault:"50ms"`
	// MaxAttempts is how often a step may end its worker before its report fails.
	MaxAttempts int `env:"LONGSHORE_MAX_ATTEMPTS" envDefault:"8"`
	// FrozenAfter is how long this reporter may stand still between two statements before Postgres takes its report away.
	FrozenAfter time.Duration `env:"LONGSHORE_FROZEN_AFTER" envDefault:"10s"`
	// MaxReportBytes bounds the file of a report.
	MaxReportBytes int64 `env:"LONGSHORE_MAX_REPORT_BYTES" envDefault:"17179869184"`
}

// Check holds the rules across fields.
func (c Config) Check() error {
	return errors.Join(
		c.checkConnections(),
		config.Positive("LONGSHORE_REPORTER_CONCURRENCY", c.Concurrency),
		config.Positive("LONGSHORE_QUEUE_POLL", c.QueuePoll),
		config.Positive("LONGSHORE_MAX_ATTEMPTS", c.MaxAttempts),
		config.Positive("LONGSHORE_FROZEN_AFTER", c.FrozenAfter),
		config.Positive("LONGSHORE_MAX_REPORT_BYTES", c.MaxReportBytes),
		config.Positive("LONGSHORE_SHUTDOWN_GRACE", c.Shutdown.Grace),
	)
}

// checkConnections wants two connections for each report, one that holds its row and one that reads and writes, and one for all that is
// said beside.
func (c Config) checkConnections() error {
	if c.Postgres.MaxConns <= 2*c.Concurrency {
		return errors.New("LONGSHORE_DB_MAX_CONNS must be greater than twice LONGSHORE_REPORTER_CONCURRENCY")
	}
	return nil
}
