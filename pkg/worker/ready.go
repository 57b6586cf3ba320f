package worker

import (
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/collection"
)

// ErrNotReady marks a failure that is no fault of the operation: this worker lacks something that another may have, such as a
// collection that the api knows already in a rolling upgrade.
var ErrNotReady = errors.New("this worker is not ready for it")

// Collection finds an operation's collection. The error is ErrNotReady if this worker does not know it.
func Collection(catalog *collection.Catalog, name string) (*collection.Collection, error) {
	if found, ok := catalog.Get(name); ok {
		return found, nil
	}
	return nil, fmt.Errorf("collection %q is unknown to this worker, give it the same LONGSHORE_COLLECTIONS as the api: %w", name, ErrNotReady)
}
