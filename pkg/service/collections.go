package service

import (
	"context"
	"log/slog"

	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/config"
)

// Collections reads the stored collections, and until ctx ends what changes in them.
func (d *Dependencies) Collections(ctx context.Context, log *slog.Logger, cfg config.Collections) (collections *catalog.Catalog, err error) {
	err = d.WaitOut(ctx, log, "reading the collections", func() error {
		collections, err = catalog.Open(ctx, d.Store, cfg.Shipped, log)
		return err
	})
	if err != nil {
		return nil, err
	}
	go collections.Run(ctx)
	return collections, nil
}
