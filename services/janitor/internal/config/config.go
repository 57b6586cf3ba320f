// Package config is the janitor's configuration.
package config

import (
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
)

// Config is read from the environment by config.Load.
type Config struct {
	Postgres config.Postgres
	Redis    config.Redis
	Admin    config.Admin

	// DispatchEvery is how often due chunks are compared with the queue; a chunk that misses twice in a row is dispatched.
	DispatchEvery time.Duration `env:"LONGSHORE_DISPATCH_EVERY" envDefault:"1s"`
	// StalledAfter is how long an importer may stand still in the middle of a COPY before its session is ended.
	StalledAfter time.Duration `env:"LONGSHORE_STALLED_AFTER" envDefault:"10s"`
	// AbandonedAfter is how long an upload may go untouched before it is dropped; the api touches every 10 s.
	AbandonedAfter time.Duration `env:"LONGSHORE_ABANDONED_AFTER" envDefault:"40s"`
	// ExpireEvery is how often is looked for what has expired, and how often what is left of it is cleared away.
	ExpireEvery time.Duration `env:"LONGSHORE_EXPIRE_EVERY" envDefault:"10s"`
	// TombstoneRetention is how long an expired or pruned operation still answers 410 with its final counts.
	TombstoneRetention time.Duration `env:"LONGSHORE_TOMBSTONE_RETENTION" envDefault:"720h"`
}

// minAbandoned is three touches of the api: one late touch must not cost an upload.
const minAbandoned = 30 * time.Second

// Check holds the rules across fields.
func (c Config) Check() error {
	errs := []error{
		config.Positive("LONGSHORE_DISPATCH_EVERY", c.DispatchEvery),
		config.Positive("LONGSHORE_STALLED_AFTER", c.StalledAfter),
		config.Positive("LONGSHORE_EXPIRE_EVERY", c.ExpireEvery),
		config.Positive("LONGSHORE_TOMBSTONE_RETENTION", c.TombstoneRetention),
	}
	if c.AbandonedAfter < minAbandoned {
		errs = append(errs, errors.New("LONGSHORE_ABANDONED_AFTER must be at least 30s: a living api touches its uploads every 10 s"))
	}
	return errors.Join(errs...)
}
