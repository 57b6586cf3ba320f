package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// The fixed bounds of retention: five minutes to a week for a search (seed 001), at least ten
// minutes for all other operations (seed 002).
const (
	minSearchRetention = 5 * time.Minute
	maxSearchRetention = 7 * 24 * time.Hour
	minRetention       = 10 * time.Minute
)

// Policy returns the bounds of the headers with which clients start an operation.
func (c Config) Policy() submission.Policy {
	return submission.Policy{
		MaxWait: c.MaxWait, Roles: c.Collections.Roles,
		Retention: map[operation.Kind]submission.RetentionRange{
			operation.Import: {Default: c.ImportRetention, Min: minRetention, Max: c.MaxRetention},
			operation.Report: {Default: c.ReportRetention, Min: minRetention, Max: c.MaxRetention},
			operation.Search: {Default: c.SearchRetention, Min: minSearchRetention, Max: maxSearchRetention},
		},
	}
}

// checkRetention checks the default retentions against the bounds for clients.
func (c Config) checkRetention() error {
	var errs []error
	for kind, span := range c.Policy().Retention {
		if span.Default < span.Min || span.Default > span.Max {
			errs = append(errs, fmt.Errorf("LONGSHORE_%s_RETENTION must be from %s to %s", strings.ToUpper(string(kind)), span.Min, span.Max))
		}
	}
	return errors.Join(errs...)
}
