// Package config defines the reporter's configuration.
package config

import (
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

// Config is read from the environment by config.Load.
type Config struct {
	config.Worker

	// Concurrency is the number of reports that one reporter processes concurrently.
	// LONGSHORE_DB_MAX_CONNS must be greater than twice this number.
	Concurrency int `env:"LONGSHORE_REPORTER_CONCURRENCY" envDefault:"2"`
	// MaxReportBytes is the maximum size of a report's file, and of the records that are collected
	// for it, in bytes.
	MaxReportBytes int64 `env:"LONGSHORE_MAX_REPORT_BYTES" envDefault:"17179869184"`
	// MaxStepTime is how long the split of a multipart upload or the writing of a report's file may
	// take before its operation fails. It holds a transaction, and the longer that is, the less can
	// VACUUM remove from any table. Must be greater than 0.
	MaxStepTime time.Duration `env:"LONGSHORE_MAX_STEP_TIME" envDefault:"1h"`
}

// Check validates the configuration.
func (c Config) Check() error {
	return errors.Join(
		config.Positive("LONGSHORE_MAX_STEP_TIME", c.MaxStepTime),
		c.CheckWorker("LONGSHORE_REPORTER_CONCURRENCY", c.Concurrency),
		config.Positive("LONGSHORE_MAX_REPORT_BYTES", c.MaxReportBytes),
	)
}
