package duty

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Splits clears away what the splitting of uploads leaves behind.
type Splits interface {
	ClearableUploads(ctx context.Context, limit int) ([]uuid.UUID, error)
	ClearSplit(ctx context.Context, id uuid.UUID) error
}

// ClearSplit deletes the parts of uploads in pieces as soon as nobody will split them any more, where the importer that should have done
// so died, or there was none because the upload was cancelled before.
func ClearSplit(store Splits, every time.Duration) Duty {
	return Duty{Name: "clear-split", Every: every, Pass: func(ctx context.Context) error {
		uploads, err := store.ClearableUploads(ctx, reclaimAtOnce)
		if err != nil {
			return err
		}
		var errs []error
		for _, id := range uploads {
			errs = append(errs, store.ClearSplit(ctx, id)) // one that can't be cleared must not keep the others
		}
		return errors.Join(errs...)
	}}
}
