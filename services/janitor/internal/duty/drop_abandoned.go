package duty

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// abandonedInterval keeps the time until an upload is dropped below a minute, together with
	// LONGSHORE_ABANDONED_AFTER.
	abandonedInterval = 5 * time.Second
	// dropTimeout bounds the drop of one upload, whose rows a frozen api may have locked. Rows
	// deleted until then stay deleted.
	dropTimeout = 10 * time.Second
)

// DropAbandoned deletes the uploads of a dead api: those that were not touched for the given time.
func DropAbandoned(db *store.Store, log *slog.Logger, meters *metrics.Duties, untouched time.Duration) Duty {
	d := dropAbandoned{db: db, log: log, meters: meters, untouched: untouched, timeout: dropTimeout}
	meters.Rescued(dropAbandonedName, 0)
	return Duty{Name: dropAbandonedName, Every: abandonedInterval, Pass: d.pass}
}

const dropAbandonedName = "drop-abandoned"

type dropAbandoned struct {
	db                 *store.Store
	log                *slog.Logger
	meters             *metrics.Duties
	untouched, timeout time.Duration
}

func (d dropAbandoned) pass(ctx context.Context) error {
	abandoned, err := d.db.AbandonedUploads(ctx, d.untouched)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range abandoned {
		if err := d.drop(ctx, id); err != nil {
			errs = append(errs, err) // a locked upload must not delay the others
			continue
		}
		d.meters.Rescued(dropAbandonedName, 1)
		d.log.InfoContext(ctx, "dropped an abandoned upload", slog.String(logging.Operation, id.String()))
	}
	return errors.Join(errs...)
}

func (d dropAbandoned) drop(ctx context.Context, id uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.db.DropUpload(ctx, id)
}
