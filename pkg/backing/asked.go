package backing

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/longshore-io/longshore/pkg/store"
)

// asked remembers how Postgres answered while a start waits for it, and asks it from then on, so that its metric shows from the beginning. It
// is safe for concurrent use.
type asked struct {
	db       atomic.Pointer[store.Store]
	outdated atomic.Bool
}

// answered notes what came of opening it. One whose schema is too old is up.
func (a *asked) answered(db *store.Store, err error) {
	_, outdated := errors.AsType[*store.SchemaError](err)
	a.outdated.Store(outdated)
	a.db.Store(db)
}

var errNotOpened = errors.New("nobody has reached it yet")

func (a *asked) ping(ctx context.Context) error {
	db := a.db.Load()
	switch {
	case db != nil:
		return db.Ping(ctx)
	case a.outdated.Load():
		return nil
	}
	return errNotOpened
}
