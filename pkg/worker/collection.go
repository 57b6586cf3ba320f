package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
)

// ErrNotReady means that this worker lacks something that another worker may have, such as a
// collection that it can't read because the api is of a later release. The attempt does not count.
var ErrNotReady = errors.New("this worker is not ready for the operation")

// Collections finds collections. *catalog.Catalog implements it.
type Collections interface {
	At(ctx context.Context, tenant, name string, version int64) (*collection.Collection, error)
}

// Target is Collection for a worker that reads or writes the collection's table on behalf of a caller.
// It returns a *store.CallerError if the collection has a role and the operation none, because it was
// accepted while the collection was described in another way.
func Target(ctx context.Context, collections Collections, ref store.CollectionRef, caller access.Caller) (*collection.Collection, error) {
	target, err := Collection(ctx, collections, ref)
	if err == nil && target.Role != "" && caller.Role == "" {
		return nil, &store.CallerError{Message: fmt.Sprintf("The collection %q is used with a role, and the operation was accepted without one. Send it again", ref.Name)}
	}
	return target, err
}

// Collection returns the collection of an operation, in the version with which it was accepted. It returns
// ErrNotReady if the worker does not have it.
func Collection(ctx context.Context, collections Collections, ref store.CollectionRef) (*collection.Collection, error) {
	found, err := collections.At(ctx, ref.Tenant, ref.Name, ref.Version)
	if errors.Is(err, catalog.ErrUnknown) {
		return nil, fmt.Errorf("this worker does not have the collection: %w: %w", err, ErrNotReady)
	}
	return found, err
}
