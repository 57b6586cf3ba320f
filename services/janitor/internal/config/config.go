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
	Shares   config.Shares

	// DispatchEvery is how often the janitor compares the chunks that are due with the queue. A
	// chunk that is missing twice in a row is dispatched again.
	DispatchEvery time.Duration `env:"LONGSHORE_DISPATCH_EVERY" envDefault:"1s"`
	// StalledAfter is how long an importer may be silent in the middle of a COPY before the janitor
	// ends its session.
	StalledAfter time.Duration `env:"LONGSHORE_STALLED_AFTER" envDefault:"10s"`
	// AbandonedAfter is how long an upload may stay untouched before the janitor deletes it. The
	// api touches its uploads every 10 s. At least 30s.
	AbandonedAfter time.Duration `env:"LONGSHORE_ABANDONED_AFTER" envDefault:"40s"`
	// ExpireEvery is how often the janitor searches for expired operations and deletes their data.
	ExpireEvery time.Duration `env:"LONGSHORE_EXPIRE_EVERY" envDefault:"10s"`
	// TombstoneRetention is how long an expired or pruned operation is answered with 410 and its
	// final counts. After that it is answered with 404.
	TombstoneRetention time.Duration `env:"LONGSHORE_TOMBSTONE_RETENTION" envDefault:"720h"`
	// AuditRetention is how long entries of the audit log are kept. The default is 400 days.
	AuditRetention time.Duration `env:"LONGSHORE_AUDIT_RETENTION" envDefault:"9600h"`
	// UsageRetention is how long it is kept what tenants and keys with limits have used each day.
	UsageRetention time.Duration `env:"LONGSHORE_USAGE_RETENTION" envDefault:"840h"`
}

// minAbandoned is the interval of three touches by the api: one late touch must not lose an upload.
const minAbandoned = 30 * time.Second

// Check checks the values.
func (c Config) Check() error {
	errs := []error{
		config.Positive("LONGSHORE_DISPATCH_EVERY", c.DispatchEvery),
		config.Positive("LONGSHORE_STALLED_AFTER", c.StalledAfter),
		config.Positive("LONGSHORE_EXPIRE_EVERY", c.ExpireEvery),
		config.Positive("LONGSHORE_TOMBSTONE_RETENTION", c.TombstoneRetention),
		config.Positive("LONGSHORE_AUDIT_RETENTION", c.AuditRetention),
		config.Positive("LONGSHORE_USAGE_RETENTION", c.UsageRetention),
		c.Shares.CheckShares(),
	}
	if c.AbandonedAfter < minAbandoned {
		errs = append(errs, errors.New("LONGSHORE_ABANDONED_AFTER must be at least 30s: a living api touches its uploads every 10 s"))
	}
	return errors.Join(errs...)
}
