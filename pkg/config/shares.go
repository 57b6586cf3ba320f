package config

import (
	"errors"

	"github.com/longshore-io/longshore/pkg/job"
)

// Shares limits what one client may have in a queue at a time, so that its work does not delay that of
// others. Its other due work is held in Postgres, and queued as its steps end. Use the same values for
// all services.
type Shares struct {
	// ImportShare is the maximum number of chunks that one client's imports have in the queue. For a
	// single client to keep all importers busy, it must be at least the number of chunks that they
	// process concurrently. Clients behind the same proxy count as one. 0 means no limit.
	ImportShare int `env:"LONGSHORE_OWNER_QUEUE_LIMIT" envDefault:"32"`
	// StepShare is the same for searches, for reports, and for multipart uploads that are to be split,
	// each counted by itself. Their steps take longer than most chunks.
	StepShare int `env:"LONGSHORE_OWNER_STEP_LIMIT" envDefault:"4"`
}

// Limit returns the maximum number of entries of one client in the queue of a kind; 0 means no limit.
func (s Shares) Limit(kind job.Kind) int {
	if kind == job.Import {
		return s.ImportShare
	}
	return s.StepShare
}

// CheckShares returns an error if a limit is negative.
func (s Shares) CheckShares() error {
	if s.ImportShare < 0 || s.StepShare < 0 {
		return errors.New("LONGSHORE_OWNER_QUEUE_LIMIT and LONGSHORE_OWNER_STEP_LIMIT must not be negative")
	}
	return nil
}
