package edge

import (
	"context"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
)

// Collection returns the collection that the path names. It returns a fault of kind Forbidden if the
// principal may not use a collection of that name, and of kind NotFound if there is none.
func Collection(c *gin.Context, collections *collection.Catalog) (*collection.Collection, error) {
	ctx, name := c.Request.Context(), c.Param("collection")
	if err := access.RequireCollection(ctx, name); err != nil {
		return nil, err
	}
	found, ok := collections.Get(Tenant(ctx), name)
	if !ok {
		return nil, collection.Unknown(name, CollectionNames(ctx, collections))
	}
	return found, nil
}

// CollectionNames returns the names of the collections that the principal of the request may use.
func CollectionNames(ctx context.Context, collections *collection.Catalog) []string {
	return slices.DeleteFunc(collections.Names(Tenant(ctx)), func(name string) bool { return access.RequireCollection(ctx, name) != nil })
}

// Tenant returns the tenant of the principal of the request; the default tenant if there is no principal.
func Tenant(ctx context.Context) string {
	if p := access.Of(ctx); p != nil {
		return p.Tenant
	}
	return access.DefaultTenant
}
