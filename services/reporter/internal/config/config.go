// Package config is the reporter's configuration.
package config

import (
	"errors"

	"github.com/longshore-io/longshore/pkg/config"
)

// Config is read from the environment by config.Load.
type Config struct {
	config.Worker

	// Concurrency is how many reports one reporter works on at once.
	Concurrency int `env:"LONGSHORE_REPORTER_CONCURRENCY" envDefault:"2"`
	// MaxReportBytes bounds the file of a report.
	MaxReportBytes int64 `env:"LONGSHORE_MAX_REPORT_BYTES" envDefault:"17179869184"`
}

// Check holds the rules across fields.
func (c Config) Check() error {
	return errors.Join(
		c.CheckWorker("LONGSHORE_REPORTER_CONCURRENCY", c.Concurrency),
		config.Positive("LONGSHORE_MAX_REPORT_BYTES", c.MaxReportBytes),
	)
}
