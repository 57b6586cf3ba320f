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

	// Concurrency is the number of searches that one searcher processes concurrently.
	// LONGSHORE_DB_MAX_CONNS must be greater than twice this number.
	Concurrency int `env:"LONGSHORE_SEARCHER_CONCURRENCY" envDefault:"2"`
	// MaxResultBytes is the maximum size of the results of one search, in bytes. Further records
	// are omitted, and the search is marked as truncated. At most 1073741824.
	MaxResultBytes int `env:"LONGSHORE_SEARCH_MAX_RESULT_BYTES" envDefault:"67108864"`
	// StatementTimeout is the maximum time of one statement of a search. After a timeout the next
	// attempt scans fewer rows.
	StatementTimeout time.Duration `env:"LONGSHORE_SEARCH_STATEMENT_TIMEOUT" envDefault:"15s"`
}

// maxResultBytes is the largest allowed MaxResultBytes. A searcher keeps the result of a step in
// memory.
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
