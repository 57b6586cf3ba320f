package duty

import (
	"context"
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/store"
)

// clearLimit is how many uploads one pass clears; the next pass continues.
const clearLimit = 100

// ClearSplit deletes the parts of multipart uploads that no worker will split any more, because the
// importer that should have deleted them died, or because the upload was cancelled before its
// split.
func ClearSplit(db *store.Store, every time.Duration) Duty {
	return Duty{Name: "clear-split", Every: every, Pass: func(ctx context.Context) error {
		uploads, err := db.ClearableUploads(ctx, clearLimit)
		if err != nil {
			return err
		}
		var errs []error // an upload that can't be cleared must not delay the others
		for _, id := range uploads {
			errs = append(errs, db.ClearSplit(ctx, id))
		}
		return errors.Join(errs...)
	}}
}
