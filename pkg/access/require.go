package access

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
)

// errNoPrincipal is a defect: the route is public, or its request was not authenticated.
var errNoPrincipal = errors.New("the request has no principal")

// Require returns a fault of kind Forbidden unless the principal of the context may do all of the
// actions.
func Require(ctx context.Context, actions ...Action) error {
	p := Of(ctx)
	if p == nil {
		return errNoPrincipal
	}
	for _, a := range actions {
		if a != Authenticated && !p.Actions.Has(a) {
			return fault.New(fault.Forbidden, "action-not-allowed", "Your credential does not allow %s.", a).With("action", string(a))
		}
	}
	return nil
}

// RequireCollection returns a fault of kind Forbidden unless the principal of the context may use the
// collection with the name. The fault is the same whether the collection exists or not.
func RequireCollection(ctx context.Context, name string) error {
	p := Of(ctx)
	if p == nil {
		return errNoPrincipal
	}
	if !p.Collections.Allow(name) {
		return fault.New(fault.Forbidden, "collection-not-allowed", "Your credential does not allow the use of this collection.")
	}
	return nil
}

// Sees reports whether the principal of the context may know of an operation on a collection; name is
// empty for an operation on none, which only the principal who started it may know, and one who may use
// all collections.
func Sees(ctx context.Context, name, startedBy string) bool {
	p := Of(ctx)
	switch {
	case p == nil:
		return false
	case p.Collections.AllowAll():
		return true
	case name == "":
		return p.ID == startedBy
	}
	return p.Collections.Allow(name)
}

// ForOneOperation reports whether the principal may only read the events of one operation.
func (p *Principal) ForOneOperation() bool { return p.Operation != uuid.Nil }
