package duty

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
)

// abandonedEvery is how often abandoned uploads are looked for; with LONGSHORE_ABANDONED_AFTER it stays below a minute.
const abandonedEvery = 5 * time.Second

// Uploads finds and drops uploads that were never sealed.
type Uploads interface {
	AbandonedUploads(ctx context.Context, untouched time.Duration) ([]uuid.UUID, error)
	DropUpload(ctx context.Context, id uuid.UUID) error
}

// DropAbandoned drops what a dead api left: uploads that nobody has touched for the given time.
func DropAbandoned(store Uploads, log *slog.Logger, meters *metrics.Duties, untouched time.Duration) Duty {
	const name = "drop-abandoned"
	meters.Rescued(name, 0)
	return Duty{Name: name, Every: abandonedEvery, Pass: func(ctx context.Context) error {
		abandoned, err := store.AbandonedUploads(ctx, untouched)
		if err != nil {
			return err
		}
		var errs []error
		for _, id := range abandoned {
			if err := dropOne(ctx, store, id); err != nil {
				errs = append(errs, err) // one that somebody holds must not keep the others
				continue
			}
			meters.Rescued(name, 1)
			log.InfoContext(ctx, "dropped an abandoned upload", slog.String(logging.Operation, id.String()))
		}
		return errors.Join(errs...)
	}}
}

// dropTimeout bounds the drop of one upload, whose rows a frozen api may still hold. What was deleted until then stays deleted.
const dropTimeout = 10 * time.Second

func dropOne(ctx context.Context, store Uploads, id uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, dropTimeout)
	defer cancel()
	return store.DropUpload(ctx, id)
}
