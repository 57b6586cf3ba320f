// Package config is the searcher's configuration.
package config

import (
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

// Config is read from the environment by config.Load.
type Config struct {
	config.Worker

	// Concurrency is how many searches one searcher steps through at once.
	Concurrency int `env:"LONGSHORE_SEARCHER_CONCURRENCY" envDefault:"2"`
	// MaxResultBytes bounds what one search finds; what is more is left out, and the search says so.
	MaxResultBytes int `env:"LONGSHORE_SEARCH_MAX_RESULT_BYTES" envDefault:"67108864"`
	// StatementTimeout bounds one statement of a step; the next attempt looks at fewer rows.
	StatementTimeout time.Duration `env:"LONGSHORE_SEARCH_STATEMENT_TIMEOUT" envDefault:"15s"`
}

// maxResultBytes is what a searcher may hold in memory for one search.
const maxResultBytes = 1 << 30

// Check holds the rules across fields.
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
