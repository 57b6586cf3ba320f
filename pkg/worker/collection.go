package worker

import (
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/collection"
)

// ErrNotReady means that this worker lacks something that another worker may have, such as a
// collection that in a rolling upgrade only the api has so far. The attempt does not count.
var ErrNotReady = errors.New("this worker is not ready for the operation")

// Collection returns the collection with the name. It returns ErrNotReady if the worker does not
// have it.
func Collection(catalog *collection.Catalog, name string) (*collection.Collection, error) {
	if found, ok := catalog.Get(name); ok {
		return found, nil
	}
	return nil, fmt.Errorf("collection %q is unknown to this worker; set LONGSHORE_COLLECTIONS to the same value as for the api: %w",
		name, ErrNotReady)
}
