// Package config defines the reporter's configuration.
package config

import (
	"errors"

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
}

// Check validates the configuration.
func (c Config) Check() error {
	return errors.Join(
		c.CheckWorker("LONGSHORE_REPORTER_CONCURRENCY", c.Concurrency),
		config.Positive("LONGSHORE_MAX_REPORT_BYTES", c.MaxReportBytes),
	)
}
