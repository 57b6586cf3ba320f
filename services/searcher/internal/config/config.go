// Package config defines the searcher's configuration.
package config

import (
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

// Config is read from the environment by config.Load.
type Config struct {
	config.Worker

	// Concurrency is the maximum number of search steps that one searcher runs at the same time.
	Concurrency int `env:"LONGSHORE_SEARCHER_CONCURRENCY" envDefault:"2"`
	// MaxResultBytes limits the result of one search. A truncated result is marked as such.
	MaxResultBytes int `env:"LONGSHORE_SEARCH_MAX_RESULT_BYTES" envDefault:"67108864"`
	// StatementTimeout bounds one statement of a step. The retry of a step that exceeds it reads fewer rows.
	StatementTimeout time.Duration `env:"LONGSHORE_SEARCH_STATEMENT_TIMEOUT" envDefault:"15s"`
}

// maxResultBytes is the largest allowed MaxResultBytes. A searcher keeps the result of a step in memory.
const maxResultBytes = 1 << 30

// Check validates the configuration.
func (c Config) Check() error {
	return errors.Join(
		c.CheckWorker("LONGSHORE_SEARCHER_CONCURRENCY", c.Concurrency),
		c.checkResult(),
		config.Positive("LONGSHORE_SEARCH_MAX_RESULT_BYTES", c.MaxResultBytes),
		config.Positive("LONGSHORE_SEARCH_STATEMENT_TIMEOUT", c.StatementTimeout),
	)
}

func (c Config) checkResult() error {
	if c.MaxResultBytes > maxResultBytes {
		return errors.New("LONGSHORE_SEARCH_MAX_RESULT_BYTES must be at most 1073741824")
	}
	return nil
}
