package worker

import (
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
)

// ErrNotReady means that this worker lacks something that another worker may have, such as a
// collection that in a rolling upgrade only the api has so far. The attempt does not count.
var ErrNotReady = errors.New("this worker is not ready for the operation")

// Target is Collection for a worker that reads or writes the collection's table on behalf of a caller.
// It returns a *store.CallerError if the collection has a role and the operation none, because it was
// accepted while the collection was described in another way.
func Target(catalog *collection.Catalog, name string, caller access.Caller) (*collection.Collection, error) {
	target, err := Collection(catalog, name)
	if err == nil && target.Role != "" && caller.Role == "" {
		return nil, &store.CallerError{Message: fmt.Sprintf("The collection %q is used with a role, and the operation was accepted without one. Send it again", name)}
	}
	return target, err
}

// Collection returns the collection with the name. It returns ErrNotReady if the worker does not
// have it.
func Collection(catalog *collection.Catalog, name string) (*collection.Collection, error) {
	if found, ok := catalog.Get(name); ok {
		return found, nil
	}
	return nil, fmt.Errorf("collection %q is unknown to this worker; set LONGSHORE_COLLECTIONS to the same value as for the api: %w",
		name, ErrNotReady)
}
