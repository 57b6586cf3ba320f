// Package config is the importer's configuration.
package config

import (
	"errors"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/record"
)

// Config is read from the environment by config.Load.
type Config struct {
	config.Worker

	// Concurrency is the number of chunks that one importer processes concurrently.
	// LONGSHORE_DB_MAX_CONNS must be greater than twice this number.
	Concurrency int `env:"LONGSHORE_IMPORTER_CONCURRENCY" envDefault:"2"`
	// MaxDepth is the maximum nesting depth of a record. At most 1000. Use the same value for the
	// api and the importer.
	MaxDepth int `env:"LONGSHORE_MAX_DEPTH" envDefault:"32"`
	// MaxMembers is the maximum number of members of one object, the record itself or one within it.
	MaxMembers int `env:"LONGSHORE_MAX_MEMBERS" envDefault:"10000"`
	// ParentWait is how long records that a foreign key refuses await their parents from imports of the
	// same tenant that were accepted earlier and are not finished, counted from when all records of their
	// own import were tried. Then they fail. 0 means that they do not await other imports. Parents in the
	// same import are always awaited.
	ParentWait time.Duration `env:"LONGSHORE_PARENT_WAIT" envDefault:"10m"`
	// MaxStepTime is how long the split of a multipart upload or the writing of a report's file may
	// take before its operation fails. It holds a transaction, and the longer that is, the less can
	// VACUUM remove from any table. Must be greater than 0.
	MaxStepTime time.Duration `env:"LONGSHORE_MAX_STEP_TIME" envDefault:"1h"`
}

// Check checks the rules that concern several fields.
func (c Config) Check() error {
	return errors.Join(
		c.checkParentWait(),
		config.Positive("LONGSHORE_MAX_STEP_TIME", c.MaxStepTime),
		c.CheckWorker("LONGSHORE_IMPORTER_CONCURRENCY", c.Concurrency),
		c.checkDepth(),
		config.Positive("LONGSHORE_MAX_DEPTH", c.MaxDepth),
		config.Positive("LONGSHORE_MAX_MEMBERS", c.MaxMembers),
	)
}

func (c Config) checkParentWait() error {
	if c.ParentWait < 0 {
		return errors.New("LONGSHORE_PARENT_WAIT must not be negative")
	}
	return nil
}

func (c Config) checkDepth() error {
	if c.MaxDepth > config.MaxDepth {
		return fmt.Errorf("LONGSHORE_MAX_DEPTH must be at most %d", config.MaxDepth)
	}
	return nil
}

// Records returns the limits of a record.
func (c Config) Records() record.Limits {
	return record.Limits{Depth: c.MaxDepth, Members: c.MaxMembers}
}
